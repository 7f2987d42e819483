/** `<document-list>`: a person's documents: added, followed until they are ready, replaced, deleted. */
import * as documents from "../lib/documents.js"
import { refusal } from "../lib/files.js"
import { fragment } from "../lib/http.js"
import { announce, el, icon } from "./dom.js"

const EVERY = 1500
const ADDRESS = "/documents/list"

export class DocumentList extends HTMLElement {
  #timer = null
  #replaced = null        // the row another file is chosen for

  connectedCallback() {
    this.list = this.querySelector("[data-documents]")
    this.uploads = this.querySelector("[data-uploads]")
    this.nothing = this.querySelector("[data-nothing]")
    this.chooser = this.querySelector("[data-chooser]")
    this.replacement = this.querySelector("[data-replacement]")
    this.addEventListener("click", (event) => this.#clicked(event.target))
    this.chooser.addEventListener("change", () => this.#take(this.chooser))
    this.replacement.addEventListener("change", () => this.#take(this.replacement, titleOf(this.#replaced)))
    document.addEventListener("visibilitychange", () => this.#again())
    this.#takeDropped()
    this.#again()
  }

  #clicked(target) {
    const row = target.closest(".document")
    if (target.closest("[data-add]")) this.chooser.click()
    else if (target.closest("[data-delete]")) this.#askToDelete(row)
    else if (target.closest("[data-older]")) this.#older(target.closest("[data-older]"))
    else if (target.closest("[data-replace]")) { this.#replaced = row; this.replacement.click() }
  }

  #take(chooser, title = "") {
    for (const file of chooser.files) this.#upload(file, title)
    chooser.value = ""
  }

  #takeDropped() {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files")
    const over = (isOver) => document.body.classList.toggle("is-dropping", isOver)
    addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); over(true) } })
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false) })
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      over(false)
      for (const file of event.dataTransfer.files) this.#upload(file)
    })
  }

  #upload(file, title = "") {
    const words = el("span.number", {}, "Uploading …")
    const row = el("li", {}, el("span.name", { dir: "auto" }, title ? `${file.name} → ${title}` : file.name), words)
    this.uploads.append(row)
    const refused = refusal([], file)
    if (refused) return this.#fail(row, words, refused)
    const { document: sent } = documents.upload(file, (share) => { words.textContent = `Uploading ${Math.floor(share * 100)} %` }, title)
    sent.then(() => { row.remove(); announce(`${title || file.name} was uploaded and is being read`); return this.#refresh() }, (error) => this.#fail(row, words, error.message))
  }

  #fail(row, words, problem) {
    row.className = "is-bad"
    words.textContent = problem
    row.append(el("button.tool", { type: "button", "aria-label": "Dismiss", onclick: () => row.remove() }, icon("close")))
  }

  #askToDelete(row) {
    const dialog = document.getElementById("delete-document-dialog")
    const problem = dialog.querySelector("[data-problem]")
    dialog.querySelector("[data-title]").textContent = titleOf(row)
    problem.hidden = true
    dialog.querySelector("form").onsubmit = async (event) => {
      event.preventDefault()
      try {
        await documents.remove(row.dataset.id)
        dialog.close()
        row.remove()
        this.#countAgain()
        announce(`${titleOf(row)} was deleted`)
      } catch (error) {
        problem.hidden = false
        problem.querySelector("span").textContent = error.message
      }
    }
    dialog.showModal()
  }

  async #older(button) {
    button.disabled = true
    const next = rowsIn(await fragment(`${ADDRESS}?before=${button.dataset.older}`))
    button.closest("li").replaceWith(...next.children)
  }

  #again() {
    clearTimeout(this.#timer)
    const isNeeded = document.visibilityState === "visible" && this.list.querySelector("[data-at-work]")
    if (isNeeded) this.#timer = setTimeout(() => this.#refresh(), EVERY)
  }

  /** Rows that are known get their new state where they stand; nothing moves under the finger. */
  async #refresh() {
    try {
      const now = rowsIn(await fragment(ADDRESS))
      for (const row of [...now.querySelectorAll(".document")].reverse()) {
        const known = this.list.querySelector(`[data-id="${row.dataset.id}"]`)
        if (!known) this.list.prepend(row)
        else if (about(known) !== about(row)) known.querySelector(".document-about").replaceWith(row.querySelector(".document-about"))
      }
      this.#countAgain()
    } finally {
      this.#again()
    }
  }

  #countAgain() {
    this.nothing.hidden = Boolean(this.list.querySelector(".document"))
  }
}

function rowsIn(html) {
  return new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html").querySelector("ul")
}

function about(row) {
  return row.querySelector(".document-about").innerHTML
}

function titleOf(row) {
  return row.querySelector(".document-title").textContent
}

customElements.define("document-list", DocumentList)
