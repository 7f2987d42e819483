/**
 * `<reading-place>`: the scrolled column. It follows the end only while the reader is at the end; otherwise it keeps
 * still and offers the way down. The place survives a reload.
 */
const NEAR = 48

export class ReadingPlace extends HTMLElement {
  #follows = true
  #hasNews = false
  #isEmpty = false
  #last = 0

  connectedCallback() {
    this.down = document.querySelector("[data-down]")
    this.down.addEventListener("click", () => this.toEnd())
    this.addEventListener("scroll", () => this.#scrolled(), { passive: true })
    const grown = new ResizeObserver(() => this.#grown())
    grown.observe(this.firstElementChild)
    grown.observe(this)
    addEventListener("pagehide", () => this.#keep())
  }

  /** Go to where the reader was before a reload, or to the end; an empty conversation is read from its beginning. */
  begin(key, { isEmpty }) {
    this.key = key
    const kept = sessionStorage.getItem(key)
    this.#isEmpty = isEmpty
    this.#follows = !isEmpty
    if (isEmpty) return this.#offer()
    if (kept === null) return this.toEnd()
    this.#follows = false
    this.scrollTop = Number(kept)
    this.#scrolled()
  }

  toEnd() {
    this.#isEmpty = false
    this.#follows = true
    this.#hasNews = false
    this.scrollTop = this.scrollHeight
    this.#offer()
  }

  /** Something was written. */
  tell() {
    this.#hasNews = !this.#follows
    this.#offer()
  }

  get #isAtEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight < NEAR
  }

  #scrolled() {
    const goesUp = this.scrollTop < this.#last - 1
    this.#last = this.scrollTop
    if (this.#isAtEnd) { this.#follows = true; this.#hasNews = false }
    else if (goesUp) this.#follows = false
    this.#offer()
  }

  #grown() {
    if (this.#follows) this.scrollTop = this.scrollHeight
    this.#offer()
  }

  #offer() {
    this.down.hidden = this.#isEmpty || this.#follows || this.#isAtEnd
    this.down.querySelector("span").textContent = this.#hasNews ? "New" : "To the end"
  }

  #keep() {
    if (!this.key) return
    if (this.#follows) sessionStorage.removeItem(this.key)
    else sessionStorage.setItem(this.key, String(this.scrollTop))
  }
}

customElements.define("reading-place", ReadingPlace)
