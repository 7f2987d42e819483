/** `<menu-button>`: a button and its menu, in the top layer; arrows move, Escape closes, the focus comes back. */

export class MenuButton extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button")
    this.menu = this.querySelector("[popover]")
    this.button.setAttribute("aria-haspopup", "menu")
    this.button.setAttribute("aria-expanded", "false")
    this.button.addEventListener("click", () => this.menu.togglePopover())
    this.menu.addEventListener("beforetoggle", (event) => event.newState === "open" && this.#place())
    this.menu.addEventListener("toggle", (event) => this.#toggled(event.newState === "open"))
    this.menu.addEventListener("keydown", (event) => this.#key(event))
    this.menu.addEventListener("click", (event) => event.target.closest('[role="menuitem"]') && this.menu.hidePopover())
  }

  #place() {
    const { left, right, top, bottom } = this.button.getBoundingClientRect()
    const style = this.menu.style
    const isLow = top > innerHeight / 2
    style.top = isLow ? "auto" : `${bottom + 4}px`
    style.bottom = isLow ? `${innerHeight - top + 4}px` : "auto"
    const isRight = left + 216 > innerWidth
    style.left = isRight ? "auto" : `${Math.max(8, left)}px`
    style.right = isRight ? `${Math.max(8, innerWidth - right)}px` : "auto"
  }

  #toggled(isOpen) {
    this.button.setAttribute("aria-expanded", String(isOpen))
    if (isOpen) this.#items[0]?.focus()
    else if (this.menu.contains(document.activeElement)) this.button.focus()
  }

  #key(event) {
    const items = this.#items
    const place = items.indexOf(document.activeElement)
    const next = { ArrowDown: place + 1, ArrowRight: place + 1, ArrowUp: place - 1, ArrowLeft: place - 1, Home: 0, End: -1 }[event.key]
    if (event.key === "Tab") return this.menu.hidePopover()
    if (next === undefined) return
    event.preventDefault()
    items.at(next % items.length).focus()
  }

  get #items() {
    return [...this.menu.querySelectorAll('[role^="menuitem"]')]
  }
}

customElements.define("menu-button", MenuButton)
