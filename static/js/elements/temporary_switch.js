/** `<temporary-switch>`: whether the conversation that begins here is one that is not remembered. */
import { announce } from "./dom.js"

export class TemporarySwitch extends HTMLElement {
  #change = () => {}

  begin({ isTemporary, change }) {
    this.#change = change
    this.button = this.querySelector("button")
    this.note = document.querySelector("[data-temporary-note]")
    this.button.addEventListener("click", () => this.#set(!this.#isOn))
    this.#show(isTemporary)
  }

  get #isOn() {
    return this.button.getAttribute("aria-checked") === "true"
  }

  #set(isOn) {
    this.#show(isOn)
    this.#change(isOn)
    this.#keepInAddress(isOn)
    announce(isOn ? "Temporary conversation: nothing is remembered." : "Ordinary conversation.")
  }

  #show(isOn) {
    this.button.setAttribute("aria-checked", String(isOn))
    this.note.hidden = !isOn
  }

  /** A reload must not turn what was meant to be forgotten into what is remembered. */
  #keepInAddress(isOn) {
    const address = new URL(location.href)
    if (isOn) address.searchParams.set("temporary", "yes")
    else address.searchParams.delete("temporary")
    history.replaceState(null, "", address)
  }
}

customElements.define("temporary-switch", TemporarySwitch)
