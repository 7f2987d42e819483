/** `<attached-files>`: the files of the question that is being written, from the choice to "Ready to ask". */
import * as documents from "../lib/documents.js"
import * as files from "../lib/files.js"
import { announce, el, icon } from "./dom.js"

export class AttachedFiles extends HTMLElement {
  #files = []
  #uploads = new Map()
  #nodes = new Map()
  #storageKey = null
  #problem = ""

  connectedCallback() {
    this.list = this.querySelector("ul")
    this.trouble = this.querySelector("[data-trouble]")
  }

  /** `storageKey` names the draft's place; it tells `changed` whenever what may be sent is another. */
  begin(storageKey) {
    this.#storageKey = storageKey
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? "[]")
    this.#files = files.restored(kept)
    for (const { key, id } of this.#files) this.#follow(key, id)
    this.#draw()
  }

  move(storageKey) {
    localStorage.removeItem(this.#storageKey)
    this.#storageKey = storageKey
    this.#keep()
  }

  get isEmpty() {
    return this.#files.length === 0
  }

  /** Why the message must wait, in words; empty when it may go. */
  get hold() {
    return files.hold(this.#files)
  }

  get attachments() {
    return files.attachments(this.#files)
  }

  add(chosen) {
    this.#problem = ""
    for (const file of chosen) {
      const words = files.refusal(this.#files, file)
      if (words) this.#problem = words
      else this.#upload(file)
    }
    if (this.#problem) announce(this.#problem)
    this.#draw()
  }

  /** Take these back, as after a message that was refused. */
  restore(attached) {
    for (const file of files.restored(attached)) {
      if (this.#files.some(({ id }) => id === file.id)) continue
      this.#files = [...this.#files, file]
      this.#follow(file.key, file.id)
    }
    this.#draw()
  }

  clear() {
    this.#files = []
    this.#problem = ""
    this.#draw()
  }

  #upload(file) {
    const key = crypto.randomUUID()
    this.#files = files.withFile(this.#files, { key, name: file.name, size: file.size })
    const { document, stop } = documents.upload(file, (share) => this.#change(key, { share }))
    this.#uploads.set(key, stop)
    document.then(
      (made) => { this.#change(key, files.told(made)); this.#follow(key, made.id) },
      (error) => error.name !== "AbortError" && this.#change(key, { state: "failed", problem: error.message }),
    ).finally(() => this.#uploads.delete(key))
  }

  #follow(key, id) {
    documents.follow(id, (document) => {
      if (!this.#has(key)) return false
      this.#change(key, files.told(document))
      return !document.isReadable
    }).catch((error) => this.#change(key, { state: "failed", problem: error.message }))
  }

  #has(key) {
    return this.#files.some((file) => file.key === key)
  }

  #change(key, change) {
    if (!this.#has(key)) return
    const before = this.#files.find((file) => file.key === key)
    this.#files = files.changed(this.#files, key, change)
    const now = this.#files.find((file) => file.key === key)
    if (now.state !== before.state && now.state !== "reading") announce(`${now.name}: ${files.wordsOf(now)}`)
    this.#draw()
  }

  #remove(file) {
    this.#uploads.get(file.key)?.()
    this.#files = files.without(this.#files, file.key)
    announce(file.id && file.state !== "failed" ? `${file.name} is not sent. It stays in your documents.` : `${file.name} was removed.`)
    this.#draw()
    this.closest("form").querySelector("textarea").focus()
  }

  #draw() {
    for (const [key, node] of this.#nodes) {
      if (!this.#has(key)) { node.remove(); this.#nodes.delete(key) }
    }
    for (const file of this.#files) this.#show(file)
    this.trouble.hidden = !this.#problem
    this.trouble.textContent = this.#problem
    this.hidden = this.isEmpty && !this.#problem
    this.#keep()
    this.dispatchEvent(new Event("changed"))
  }

  #show(file) {
    const node = this.#nodes.get(file.key) ?? this.#node(file)
    node.dataset.state = file.state
    node.querySelector(".name").textContent = file.name
    const words = node.querySelector(".words")
    if (words.textContent !== files.wordsOf(file)) words.textContent = files.wordsOf(file)
    node.style.setProperty("--share", file.state === "uploading" ? file.share : 1)
  }

  #node(file) {
    const close = el("button.tool", { type: "button", title: "Remove", "aria-label": `Remove ${file.name}` }, icon("close"))
    close.addEventListener("click", () => this.#remove(this.#files.find(({ key }) => key === file.key)))
    const node = el("li.file", {}, icon("file"), el("span.about", {}, el("span.name", { dir: "auto" }), el("span.words")), close)
    this.#nodes.set(file.key, node)
    this.list.append(node)
    return node
  }

  #keep() {
    if (!this.#storageKey) return
    const lasting = files.lasting(this.#files)
    if (lasting.length) localStorage.setItem(this.#storageKey, JSON.stringify(lasting))
    else localStorage.removeItem(this.#storageKey)
  }
}

customElements.define("attached-files", AttachedFiles)
