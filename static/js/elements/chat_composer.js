/** `<chat-composer>`: where a question is written, and its files are chosen. The draft is kept until it is sent. */
import { announce } from "./dom.js"
import "./attached_files.js"

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
    this.files = this.querySelector("attached-files")
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit() })
    this.box.addEventListener("keydown", (event) => this.#key(event))
    this.box.addEventListener("input", () => this.#changed())
    this.stopButton.addEventListener("click", () => this.#stop())
    this.files.addEventListener("changed", () => this.#changed())
    this.#takeFiles()
    this.addEventListener("click", (event) => event.target === this.form && this.box.focus())
  }

  /** `draftKey` names the place in localStorage; `send(text, attachments)` takes the question, `stop()` the wish to end the run. */
  begin({ draftKey, send, stop }) {
    this.#send = send
    this.#stop = stop
    this.#draftKey = draftKey
    this.box.value = localStorage.getItem(draftKey) ?? this.box.value
    this.files.begin(filesKey(draftKey))
    this.#changed()
    if (matchMedia("(pointer: fine)").matches) this.box.focus({ preventScroll: true })
  }

  /** The conversation has its own address now; what is being written moves with it. */
  moveDraft(draftKey) {
    localStorage.removeItem(this.#draftKey)
    this.#draftKey = draftKey
    this.files.move(filesKey(draftKey))
    this.#changed()
  }

  show({ isRunning, isStopping, note }) {
    this.stopButton.hidden = !isRunning
    this.stopButton.disabled = isStopping
    this.stopButton.querySelector("span").textContent = isStopping ? "Stopping …" : "Stop"
    if (this.note.textContent !== note) this.note.textContent = note
  }

  write(text, attachments = []) {
    this.box.value = text
    this.files.restore(attachments)
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

  /** By the clip, by pasting, and by dropping them anywhere on the page. */
  #takeFiles() {
    const chooser = this.querySelector('input[type="file"]')
    this.querySelector("[data-clip]").addEventListener("click", () => chooser.click())
    chooser.addEventListener("change", () => { this.files.add([...chooser.files]); chooser.value = ""; this.box.focus() })
    this.box.addEventListener("paste", (event) => {
      const pasted = filesIn(event.clipboardData)
      if (!pasted.length || event.clipboardData.types.includes("text/plain")) return
      event.preventDefault()
      this.files.add(pasted)
    })
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files")
    const over = (isOver) => document.body.classList.toggle("is-dropping", isOver)
    addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); over(true) } })
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false) })
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      over(false)
      this.files.add(filesIn(event.dataTransfer))
      this.box.focus()
    })
  }

  #submit() {
    const text = this.box.value.trim()
    if (!text) return this.box.focus()
    if (this.files.hold) return announce(`${this.files.hold} The message can be sent when it is.`)
    const attachments = this.files.attachments
    this.box.value = ""
    this.files.clear()
    this.#changed()
    this.#send(text, attachments)
    this.box.focus()
  }

  #changed() {
    const text = this.box.value
    this.sendButton.disabled = !text.trim() || Boolean(this.files.hold)
    this.box.placeholder = this.files.isEmpty ? "Ask anything" : "What shall be done with it?"
    this.box.style.height = "auto"
    this.box.style.height = `${this.box.scrollHeight}px`
    if (!this.#draftKey) return
    if (text) localStorage.setItem(this.#draftKey, text)
    else localStorage.removeItem(this.#draftKey)
  }
}

function filesKey(draftKey) {
  return `${draftKey}:files`
}

function filesIn(transfer) {
  return [...(transfer?.files ?? [])]
}

customElements.define("chat-composer", ChatComposer)
