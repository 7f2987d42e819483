/** `<asked-question>`: what a person asked; until its turn comes it can be put otherwise or taken back. */
import { announce, el, icon } from "./dom.js"
import { questionFiles } from "./question_files.js"

export class AskedQuestion extends HTMLElement {
  #text = el("div.question", { dir: "auto" })
  #files = el("div.files-of-question", { hidden: true })
  #below = el("div.question-tools")
  #edit = el("button.tool", { type: "button", onclick: () => this.#open() }, icon("edit"), "Edit")
  #remove = el("button.tool", { type: "button", onclick: () => this.#withdraw() }, icon("close"), "Remove")
  #options = null
  #box = null             // while it is being edited
  #problem = ""
  #isSending = false

  connectedCallback() {
    if (!this.#text.parentNode) this.append(this.#text, this.#files, this.#below)
  }

  /** options { question, isOpen, edit(text) → Promise, withdraw() → Promise, askAnew(text) } */
  show(options) {
    const wasOpen = this.#options?.isOpen
    const hasChanged = this.#options?.question !== options.question || wasOpen !== options.isOpen
    this.#options = options
    if (this.#box?.value === options.question?.text && !options.isOpen) this.#close()      // it was saved before its turn
    if (hasChanged) this.#draw()
  }

  #draw() {
    const { question, isOpen } = this.#options
    this.hidden = !question
    if (!question) return
    this.#drawFiles(question.attachments)
    this.classList.toggle("is-editing", Boolean(this.#box))
    if (this.#box) return this.#drawEditor(isOpen)
    this.#text.textContent = question.text
    this.#remove.disabled = this.#isSending
    const below = [...(isOpen ? [this.#edit, this.#remove] : []), ...this.#trouble()]
    const isThere = below.length === this.#below.children.length && below.every((node, place) => node === this.#below.children[place])
    if (!isThere) this.#below.replaceChildren(...below)       // a button that stays keeps the focus
  }

  #drawFiles(attachments) {
    this.#files.hidden = !attachments?.length
    if (attachments?.length && !this.#files.children.length) this.#files.replaceChildren(questionFiles(attachments))
  }

  #drawEditor(isOpen) {
    const note = isOpen ? "" : "It is being answered now, as it was. What you wrote here is kept."
    if (this.#box.parentNode !== this.#text) this.#text.replaceChildren(this.#box)
    this.#below.replaceChildren(
      ...(note ? [el("p.note", { role: "status" }, icon("clock"), note)] : this.#trouble()),
      el("button.button.is-small", { type: "button", onclick: () => this.#close(true) }, "Cancel"),
      isOpen
        ? el("button.button.is-small.is-main", { type: "button", disabled: this.#isSending, onclick: () => this.#save() }, "Save")
        : el("button.button.is-small.is-main", { type: "button", onclick: () => this.#askAnew() }, "Ask it as a new question"),
    )
  }

  #trouble() {
    return this.#problem ? [el("p.note.is-bad", { role: "alert" }, icon("alert"), this.#problem)] : []
  }

  #open() {
    this.#problem = ""
    this.#box = el("textarea", { "aria-label": "Your question", rows: "1", dir: "auto", enterkeyhint: "done" })
    this.#box.value = this.#options.question.text
    this.#box.addEventListener("input", () => this.#grow())
    this.#box.addEventListener("keydown", (event) => this.#key(event))
    this.#draw()
    this.#grow()
    this.#box.focus()
  }

  #key(event) {
    const isComposing = event.isComposing || event.keyCode === 229
    if (event.key === "Escape") this.#close(true)
    if (event.key !== "Enter" || event.shiftKey || isComposing) return
    event.preventDefault()
    if (this.#options.isOpen) this.#save()
    else this.#askAnew()
  }

  async #save() {
    const text = this.#box.value.trim()
    if (this.#isSending) return
    if (text === this.#options.question.text) return this.#close(true)
    await this.#try(() => this.#options.edit(text), "Your question was changed")
  }

  #withdraw() {
    return this.#try(() => this.#options.withdraw(), "Your question was removed")
  }

  async #try(deed, words) {
    this.#isSending = true
    this.#problem = ""
    this.#draw()
    try {
      await deed()
      announce(words)
      this.#isSending = false
      if (this.#box) this.#close(true)
    } catch (refused) {
      this.#isSending = false
      this.#problem = refused.message
      this.#draw()
    }
  }

  #askAnew() {
    const text = this.#box.value.trim()
    this.#close()
    if (text) this.#options.askAnew(text)
  }

  #close(isFocused = false) {
    this.#box = null
    this.#problem = ""
    this.#draw()
    if (isFocused) this.#below.querySelector("button")?.focus()
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return       // then it grows by itself
    this.#box.style.height = "auto"
    this.#box.style.height = `${this.#box.scrollHeight}px`
  }
}

customElements.define("asked-question", AskedQuestion)
