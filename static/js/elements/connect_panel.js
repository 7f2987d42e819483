/** `<connect-panel>`: connects a model: any OpenAI-compatible address, tried with a real call before it is kept. */
import { post } from "../lib/http.js"

export class ConnectPanel extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form")
    this.report = this.querySelector("[data-report]")
    this.querySelector(".presets").addEventListener("click", (event) => this.#preset(event.target.closest("button")))
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#try() })
    this.querySelector("[data-forget]")?.addEventListener("click", () => this.#forget())
  }

  #preset(button) {
    if (!button) return
    for (const other of this.querySelectorAll(".presets button")) other.setAttribute("aria-pressed", String(other === button))
    this.form.elements.baseUrl.value = button.dataset.url
    if (button.dataset.model) this.form.elements.llmName.value = button.dataset.model
    this.querySelector("[data-help]").textContent = button.dataset.hint ?? ""
    this.form.elements[button.dataset.key === "no" ? "llmName" : "apiKey"].focus()
  }

  async #try() {
    const { baseUrl, apiKey, llmName } = this.form.elements
    await this.#asking("Asking the model one question with one tool …", async () => {
      const answer = await post("/connection", { baseUrl: baseUrl.value.trim(), apiKey: apiKey.value.trim(), llmName: llmName.value.trim() })
      this.#say(answer.isOk ? "is-good" : "is-bad", answer.words)
      if (answer.isOk) this.#offerReload()
    })
  }

  async #forget() {
    await this.#asking("Going back to the demo model …", async () => {
      await post("/connection/forget")
      location.reload()
    })
  }

  async #asking(words, ask) {
    const buttons = this.querySelectorAll("button")
    for (const button of buttons) button.disabled = true
    this.#say("", words)
    try {
      await ask()
    } catch (error) {
      this.#say("is-bad", error.message)
    }
    for (const button of buttons) button.disabled = false
  }

  #say(kind, words) {
    this.report.hidden = false
    this.report.className = `notice ${kind}`
    this.report.textContent = words
  }

  #offerReload() {
    const button = this.querySelector("[data-try]")
    button.textContent = "Start using it"
    button.type = "button"
    button.addEventListener("click", () => location.reload())
  }
}

customElements.define("connect-panel", ConnectPanel)
