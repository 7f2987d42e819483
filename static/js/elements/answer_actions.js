/** `<answer-actions>`: what a person can do with an answer: rate it, copy it, ask why. */
import { duration } from "../lib/words.js"
import { announce, el, icon } from "./dom.js"

export class AnswerActions extends HTMLElement {
  #key = null
  #thumb = null           // { isPositive, comment } or null
  #isCommenting = false
  #problem = ""
  #options = null

  /** options { run, text, thumb, rate(isPositive, comment) → Promise, traceUrl | null } */
  show(options) {
    const key = JSON.stringify([options.run.id, options.run.status, options.text.length])
    const isSame = key === this.#key && JSON.stringify(options.thumb) === JSON.stringify(this.#thumb)
    this.#options = options
    if (isSame) return
    this.#key = key
    this.#thumb = options.thumb
    this.#draw()
  }

  #draw() {
    const { run, text, traceUrl } = this.#options
    this.replaceChildren(
      el("div.tools", {},
        text ? this.#copy(text) : "",
        run.status === "completed" ? this.#thumbButton(true) : "",
        run.status === "completed" ? this.#thumbButton(false) : "",
        traceUrl ? el("a.tool", { href: traceUrl, title: "Open the trace of this answer" }, "why?") : "",
        el("span.facts.number", {}, [duration(run.durationMs), run.isDemo ? "demo model" : ""].filter(Boolean).join(" · "))),
      this.#isCommenting ? this.#commentForm() : "",
      this.#problem ? el("p.problem", { role: "alert" }, icon("alert"), this.#problem) : "",
    )
  }

  #copy(text) {
    const label = el("span.for-readers", {}, "Copy the answer")
    const button = el("button.tool", { type: "button", title: "Copy" }, icon("copy"), label)
    button.addEventListener("click", async () => {
      const isCopied = await navigator.clipboard.writeText(text).then(() => true, () => false)
      button.replaceChildren(icon(isCopied ? "check" : "alert"), label)
      announce(isCopied ? "Copied" : "The browser did not allow copying")
      setTimeout(() => button.replaceChildren(icon("copy"), label), 1600)
    })
    return button
  }

  #thumbButton(isPositive) {
    const words = isPositive ? "Good answer" : "Bad answer"
    return el("button.tool", {
      type: "button", title: words, "aria-label": words, "aria-pressed": String(this.#thumb?.isPositive === isPositive),
      "data-thumb": isPositive ? "up" : "down", onclick: () => this.#press(isPositive),
    }, icon(isPositive ? "up" : "down"))
  }

  #press(isPositive) {
    const isTakenBack = this.#thumb?.isPositive === isPositive
    this.#isCommenting = !isTakenBack
    this.#save(isTakenBack ? null : { isPositive, comment: "" }, isTakenBack ? "Rating taken back" : "Thank you, your rating is kept")
    this.querySelector(`[data-thumb="${isPositive ? "up" : "down"}"]`)?.focus()
  }

  async #save(thumb, words) {
    const before = this.#thumb
    this.#thumb = thumb
    this.#problem = ""
    this.#draw()
    try {
      await this.#options.rate(thumb?.isPositive ?? null, thumb?.comment ?? "")
      announce(words)
    } catch (error) {
      this.#thumb = before
      this.#isCommenting = false
      this.#problem = error.message
      this.#draw()
    }
  }

  #commentForm() {
    const label = this.#thumb?.isPositive ? "What was good? (optional)" : "What was wrong or missing? (optional)"
    const box = el("textarea.input", { rows: "2", maxlength: "2000", "aria-label": label, placeholder: label, dir: "auto" })
    box.value = this.#thumb?.comment ?? ""
    const close = () => { this.#isCommenting = false; this.#draw() }
    const form = el("form.comment", { onsubmit: (event) => {
      event.preventDefault()
      this.#isCommenting = false
      if (box.value.trim()) this.#save({ ...this.#thumb, comment: box.value.trim() }, "Thank you, your comment is kept")
      else this.#draw()
    } }, box, el("div.row", {},
      el("button.button.is-small", { type: "button", onclick: close }, "No comment"),
      el("button.button.is-small.is-main", {}, "Send comment")))
    form.addEventListener("keydown", (event) => event.key === "Escape" && close())
    return form
  }
}

customElements.define("answer-actions", AnswerActions)
