/** `<chat-composer>`: where a question is written. The draft is kept per conversation until it is sent. */

export class ChatComposer extends HTMLElement {
  #draftKey = null
  #send = () => {}
  #stop = () => {}

  connectedCallback() {
    this.box = this.querySelector("textarea")
    this.picker = this.querySelector("select")
    this.form = this.querySelector("form")
    this.sendButton = this.querySelector("[data-send]")
    this.stopButton = this.querySelector("[data-stop]")
    this.note = this.querySelector("[data-note]")
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit() })
    this.box.addEventListener("keydown", (event) => this.#key(event))
    this.box.addEventListener("input", () => this.#changed())
    this.stopButton.addEventListener("click", () => this.#stop())
    this.addEventListener("click", (event) => event.target === this.form && this.box.focus())
  }

  /** `draftKey` names the place in localStorage; `send(text)` takes the question, `stop()` the wish to end the run. */
  begin({ draftKey, send, stop }) {
    this.#send = send
    this.#stop = stop
    this.#draftKey = draftKey
    this.box.value = localStorage.getItem(draftKey) ?? this.box.value
    this.#changed()
    if (matchMedia("(pointer: fine)").matches) this.box.focus({ preventScroll: true })
  }

  /** The conversation has its own address now; what is being written moves with it. */
  moveDraft(draftKey) {
    localStorage.removeItem(this.#draftKey)
    this.#draftKey = draftKey
    this.#changed()
  }

  show({ isRunning, isStopping, note }) {
    this.stopButton.hidden = !isRunning
    this.stopButton.disabled = isStopping
    this.stopButton.querySelector("span").textContent = isStopping ? "Stopping …" : "Stop"
    if (this.note.textContent !== note) this.note.textContent = note
  }

  write(text) {
    this.box.value = text
    this.#changed()
    this.box.focus()
  }

  #key(event) {
    const isComposing = event.isComposing || event.keyCode === 229       // an input method is choosing a word
    if (event.key === "Enter" && !event.shiftKey && !isComposing) {
      event.preventDefault()
      this.#submit()
    }
  }

  #submit() {
    const text = this.box.value.trim()
    if (!text) return this.box.focus()
    this.box.value = ""
    this.#changed()
    this.#send(text)
    this.box.focus()
  }

  #changed() {
    const text = this.box.value
    this.sendButton.disabled = !text.trim()
    this.box.style.height = "auto"
    this.box.style.height = `${this.box.scrollHeight}px`
    if (!this.#draftKey) return
    if (text) localStorage.setItem(this.#draftKey, text)
    else localStorage.removeItem(this.#draftKey)
  }
}

customElements.define("chat-composer", ChatComposer)
