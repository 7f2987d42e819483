/** `<copy-button>` around a button: copies the text of the element whose id is in `data-of`, and says so. */
export class CopyButton extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button")
    const words = button.textContent
    button.addEventListener("click", async () => {
      const source = document.getElementById(this.dataset.of)
      const isCopied = await navigator.clipboard.writeText(source.textContent).then(() => true, () => false)
      if (!isCopied) getSelection().selectAllChildren(source) // without https:// only the person may copy
      button.textContent = isCopied ? "Copied" : "Selected: copy it with your keyboard"
      setTimeout(() => (button.textContent = words), 3000)
    })
  }
}

customElements.define("copy-button", CopyButton)
