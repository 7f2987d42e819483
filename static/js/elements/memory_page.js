/** `<memory-page>`: what is known about a person: search, correct, pin, put away, bring back, undo, delete, pause. */
import { fragment, post } from "../lib/http.js"
import { announce } from "./dom.js"
import { Sheet } from "./sheet.js"

const SEARCH_AFTER = 180

export class MemoryPage extends HTMLElement {
  #searching = null
  #timer = null

  connectedCallback() {
    this.sections = this.querySelector("[data-sections]")
    this.box = this.querySelector("[data-search]")
    this.words = new Sheet("memory-dialog", ({ text, kind }) => this.#save(text, kind))
    this.deleting = new Sheet("memory-delete-dialog", () => this.#delete())
    this.leaving = new Sheet("memory-conversation-dialog", () => this.#forgetConversation())
    this.ending = new Sheet("forget-dialog", ({ typed }) => this.#forgetEverything(typed))
    this.box.addEventListener("input", () => this.#searchSoon())
    this.addEventListener("click", (event) => this.#clicked(event))
    this.sections.addEventListener("toggle", (event) => this.#unfolded(event.target), true)
    addEventListener("hashchange", () => this.#show(location.hash.slice(1)))
    this.#show(location.hash.slice(1))
  }

  /** Bring the memory a link leads to into view, also one that stands on a later page or in the fold. */
  async #show(id) {
    if (!id || id === this.id) return
    if (!document.getElementById(id)) {
      const html = await fragment(`/memory/${encodeURIComponent(id)}`).catch(() => null)
      if (html === null) return announce("This memory was deleted.")
      this.sections.insertAdjacentHTML("afterbegin", `<section class="memories" data-linked><ul>${html}</ul></section>`)
    }
    const memory = document.getElementById(id)
    memory.closest("details")?.setAttribute("open", "")
    memory.scrollIntoView({ block: "center" })
    memory.focus({ preventScroll: true })
  }

  #clicked(event) {
    const button = event.target.closest("button[data-do]")
    if (!button) return
    const memory = button.closest("[data-memory]")
    const deeds = {
      add: () => this.#write(null),
      edit: () => this.#write(memory),
      pin: () => this.#change(memory, "pin", { isOn: button.getAttribute("aria-pressed") !== "true" }),
      "put-away": () => this.#change(memory, "put-away"),
      restore: () => this.#change(memory, "restore"),
      undo: () => this.#change(memory, "undo"),
      history: () => this.#history(memory, button),
      delete: () => this.deleting.ask({ memory, text: textOf(memory) }),
      "delete-procedure": () => this.#deleteProcedure(button.closest("[data-procedure]")),
      "forget-conversation": () => this.#askAboutConversation(button.dataset.thread),
      more: () => this.#more(button),
      pause: () => this.#switch(false),
      resume: () => this.#switch(true),
    }
    deeds[button.dataset.do]?.()
  }

  #write(memory) {
    const dialog = this.words.dialog
    dialog.querySelector("h2").textContent = memory ? "Correct this memory" : "Write something down"
    for (const part of dialog.querySelectorAll("[data-only-new]")) part.hidden = memory !== null
    this.words.ask({ memory, fill: { text: memory ? textOf(memory) : "" } })
  }

  async #save(text, kind) {
    const { memory } = this.words.about
    const saved = memory ? await post(`/memory/${memory.id}/edit`, { text }) : await post("/memory/add", { text, kind })
    return () => this.#changed(memory ? "Corrected" : "Kept", saved.id)
  }

  async #change(memory, deed, data = {}) {
    try {
      await post(`/memory/${memory.id}/${deed}`, data)
      await this.#reload(memory.id)
    } catch (error) {
      complain(memory, error.message)
    }
  }

  async #delete() {
    await post(`/memory/${this.deleting.about.memory.id}/delete`)
    return () => this.#changed("Deleted")
  }

  /** After what was lost with its place: the focus goes to the list, not to nowhere. */
  async #changed(words, id) {
    await this.#reload(id)
    if (!id) this.focus({ preventScroll: true })
    announce(words)
  }

  async #deleteProcedure(procedure) {
    try {
      await post(`/memory/procedures/${procedure.id}/delete`)
    } catch (error) {
      return complain(procedure, error.message)
    }
    const section = procedure.closest("section")
    procedure.remove()
    if (!section.querySelector("[data-procedure]")) section.remove()
    announce("Deleted")
  }

  async #askAboutConversation(thread) {
    const { number } = JSON.parse(await fragment(`/memory/from/${thread}`))
    this.leaving.dialog.querySelector("[data-number]").textContent = number === 1 ? "One thing" : `${number} things`
    this.leaving.ask({ thread })
  }

  async #forgetConversation() {
    await post(`/memory/from/${this.leaving.about.thread}/forget`)
    return () => this.#changed("Forgotten")
  }

  async #forgetEverything(typed) {
    await post("/memory/forget", { typed })
    location.assign("/memory/")
  }

  async #switch(isOn) {
    try {
      await post("/memory/pause", { isOn })
      location.reload()
    } catch (error) {
      announce(error.message)
    }
  }

  async #history(memory, button) {
    const shown = memory.querySelector("[data-history]")
    shown.hidden = !shown.hidden
    button.setAttribute("aria-expanded", String(!shown.hidden))
    if (shown.hidden) return
    shown.innerHTML = await fragment(`/memory/${memory.id}/history`).catch(() => "<p>This could not be loaded. Try again.</p>")
  }

  async #unfolded(details) {
    const list = details.querySelector?.("[data-list]")
    if (!details.open || !list || list.children.length) return
    list.innerHTML = await this.#page(details.dataset.part).catch(() => "<li>This could not be loaded. Close it and try again.</li>")
  }

  async #more(button) {
    button.disabled = true
    button.textContent = "Loading …"
    const html = await this.#page(button.dataset.part, button.dataset.before).catch(() => null)
    if (html === null) {
      button.disabled = false
      button.textContent = "Could not be loaded. Try again"
      return
    }
    const row = button.closest("li")
    row.insertAdjacentHTML("beforebegin", html)
    row.remove()
  }

  #page(part, before = "") {
    return fragment(`/memory/list?${new URLSearchParams({ part, before, q: this.box.value })}`)
  }

  #searchSoon() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#reload(), SEARCH_AFTER)
  }

  /** The sections as they are now, with what was unfolded still unfolded, and the reader where they were. */
  async #reload(focused) {
    this.#searching?.abort()
    this.#searching = new AbortController()
    const unfolded = [...this.sections.querySelectorAll("details[open]")].map(({ dataset }) => dataset.part)
    try {
      this.sections.innerHTML = await fragment(`/memory/list?${new URLSearchParams({ q: this.box.value })}`, this.#searching.signal)
    } catch (error) {
      if (error.name !== "AbortError") announce(error.message)
      return
    }
    for (const part of unfolded) this.sections.querySelector(`details[data-part="${part}"]`)?.setAttribute("open", "")
    if (focused) document.getElementById(focused)?.focus()
  }
}

function textOf(memory) {
  return memory.querySelector("[data-text]").textContent.trim()
}

/** Say below a memory why something was not done. */
function complain(memory, words) {
  memory.querySelector("[data-complaint]")?.remove()
  const said = document.createElement("p")
  said.className = "memory-complaint"
  said.dataset.complaint = ""
  said.setAttribute("role", "alert")
  said.textContent = words
  memory.append(said)
}

customElements.define("memory-page", MemoryPage)
