/** `<asks-you>`: the way to what waits for this person's word, with its number; hidden for those nobody ever asks. */
import { announce } from "./dom.js"

const EVERY = 20_000
const TOGETHER = 200        // cards come and go in one stroke; one look is enough for them

export class AsksYou extends HTMLElement {
  #timer = null

  connectedCallback() {
    this.count = this.querySelector("[data-count]")
    document.addEventListener("approval", () => this.#askIn(TOGETHER))
    document.addEventListener("visibilitychange", () => this.#askIn(0))
    this.#again()
  }

  #askIn(pause) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ask(), pause)
  }

  async #ask() {
    if (document.hidden) return
    const answer = await fetch("/approvals/number", { credentials: "same-origin" }).catch(() => null)
    if (answer?.redirected) return        // logged out
    if (answer?.ok) this.#show((await answer.json()).number)
    this.#again()
  }

  /** Only who may be asked by others' agents, or is asked now, looks again and again. */
  #again() {
    if ("often" in this.dataset || !this.count.hidden) this.#askIn(EVERY)
  }

  #show(number) {
    const before = Number(this.count.textContent)
    this.count.textContent = number || ""
    this.count.hidden = !number
    this.hidden = !number && !("often" in this.dataset)
    const isSaidThere = this.querySelector("[aria-current]")
    if (number > before && !isSaidThere) announce(number === 1 ? "An approval waits for you" : `${number} approvals wait for you`)
  }
}

customElements.define("asks-you", AsksYou)
