/** `<run-state>`: what a run is doing, in a word with its icon; counts down to the next try; offers what can be done. */
import { el, icon } from "./dom.js"

export class RunState extends HTMLElement {
  #phase = null
  #timer = null
  #until = 0
  #key = null

  disconnectedCallback() {
    clearInterval(this.#timer)
  }

  /** `action` is { label, run } or null. */
  show(phase, action = null) {
    const key = JSON.stringify([phase, action?.label])
    if (key === this.#key) return
    this.#key = key
    clearInterval(this.#timer)
    this.#phase = phase
    this.hidden = !phase
    if (!phase) return this.replaceChildren()
    this.dataset.tone = phase.tone
    this.dataset.phase = phase.name
    this.#until = performance.now() + (phase.delayMs ?? 0)
    const words = el("span.words", {}, this.#words())
    this.replaceChildren(...[
      icon(phase.icon), words,
      phase.reason ? el("span.reason", {}, phase.reason) : null,
      action ? el("button.button.is-small", { type: "button", onclick: action.run }, icon(action.icon ?? "again"), action.label) : null,
    ].filter(Boolean))
    if (phase.delayMs) this.#timer = setInterval(() => { words.textContent = this.#words() }, 500)
  }

  #words() {
    const { words, delayMs, tone } = this.#phase
    if (!delayMs) return tone === "accent" ? `${words} …` : words
    const seconds = Math.ceil((this.#until - performance.now()) / 1000)
    return seconds > 0 ? `${words}, next try in ${seconds} s` : `${words}, trying now`
  }
}

customElements.define("run-state", RunState)
