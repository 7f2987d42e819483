/** `<reveal-secret>` around a password field: a button that shows what was typed. */
export class RevealSecret extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input")
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = "Show"
    button.setAttribute("aria-label", "Show the password")
    button.setAttribute("aria-pressed", "false")
    button.addEventListener("click", () => {
      const isShown = input.type === "password"
      input.type = isShown ? "text" : "password"
      button.textContent = isShown ? "Hide" : "Show"
      button.setAttribute("aria-pressed", String(isShown))
      input.focus()
    })
    this.append(button)
  }
}

customElements.define("reveal-secret", RevealSecret)
