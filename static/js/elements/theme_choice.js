/** `<theme-choice>`: light, dark, or as the system. Kept in a cookie, so that the server sends the page in it at once. */

const YEAR = 31_536_000

export class ThemeChoice extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const choice = event.target.closest("button")?.dataset.theme
      if (choice) this.#choose(choice)
    })
    this.#mark(document.documentElement.dataset.theme ?? "system")
  }

  #choose(theme) {
    const root = document.documentElement
    if (theme === "system") delete root.dataset.theme
    else root.dataset.theme = theme
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`
    this.#mark(theme)
  }

  #mark(theme) {
    for (const button of this.querySelectorAll("button")) button.setAttribute("aria-checked", String(button.dataset.theme === theme))
  }
}

customElements.define("theme-choice", ThemeChoice)
