/** `<side-bar>`: the conversations: search, older ones, rename, pin, delete. A drawer where the screen is narrow. */
import { fragment, post } from "../lib/http.js"
import "./asks_you.js"
import { announce } from "./dom.js"

export class SideBar extends HTMLElement {
  #searching = null
  #timer = null

  connectedCallback() {
    this.list = this.querySelector("[data-conversations]")
    this.box = this.querySelector("input[type=search]")
    this.renaming = document.getElementById("rename-dialog")
    this.deleting = document.getElementById("delete-dialog")
    this.box.addEventListener("input", () => this.#searchSoon())
    this.box.addEventListener("keydown", (event) => event.key === "Escape" && this.box.value && this.#clear(event))
    this.list.addEventListener("click", (event) => this.#clicked(event))
    this.renaming.querySelector("form").addEventListener("submit", (event) => this.#rename(event))
    this.deleting.querySelector("form").addEventListener("submit", (event) => this.#delete(event))
    for (const button of document.querySelectorAll("[data-drawer]")) button.addEventListener("click", () => this.#toggle())
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#isOpen && this.#toggle(false))
    this.mark()
  }

  /** The list as the server has it now. */
  async reload() {
    this.#searching?.abort()
    this.#searching = new AbortController()
    try {
      this.list.innerHTML = await fragment(`/c/search?q=${encodeURIComponent(this.box.value)}`, this.#searching.signal)
      this.mark()
    } catch (error) {
      if (error.name !== "AbortError") announce(error.message)
    }
  }

  /** Show which conversation is open, also after it got its address. */
  mark() {
    for (const link of this.list.querySelectorAll("a[href]")) {
      if (link.getAttribute("href") === location.pathname) link.setAttribute("aria-current", "page")
      else link.removeAttribute("aria-current")
    }
  }

  #searchSoon() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.reload(), 180)
  }

  #clear(event) {
    event.stopPropagation()
    this.box.value = ""
    this.reload()
  }

  #clicked(event) {
    const button = event.target.closest("button[data-do]")
    if (!button) return
    const entry = button.closest("[data-conversation]")
    if (button.dataset.do === "older") this.#older(button)
    if (button.dataset.do === "pin") this.#pin(entry, button)
    if (button.dataset.do === "rename") this.#ask(this.renaming, entry)
    if (button.dataset.do === "delete") this.#askWhatGoesToo(entry)
  }

  async #older(button) {
    button.disabled = true
    button.textContent = "Loading …"
    const query = new URLSearchParams({ q: this.box.value, before: button.dataset.before })
    const html = await fragment(`/c/search?${query}`).catch(() => null)
    if (html === null) {
      button.disabled = false
      button.textContent = "Could not be loaded. Try again"
      return
    }
    button.insertAdjacentHTML("beforebegin", html)
    button.remove()
    this.mark()
  }

  async #pin(entry, button) {
    try {
      await post(`/c/${entry.dataset.conversation}/pin`, { isPinned: button.dataset.pinned !== "yes" })
    } catch (error) {
      announce(error.message)
    }
    await this.reload()
  }

  #ask(dialog, entry) {
    dialog.dataset.conversation = entry.dataset.conversation
    const title = entry.querySelector("[data-title]").textContent.trim()
    const input = dialog.querySelector("input[name=title]")
    if (input) input.value = title
    else dialog.querySelector("[data-title]").textContent = title
    dialog.querySelector("[data-problem]").hidden = true
    dialog.showModal()
    input?.select()
  }

  /** What was learned from a conversation stays when it is deleted, unless the person says otherwise. */
  async #askWhatGoesToo(entry) {
    const choice = this.deleting.querySelector("[data-memories]")
    choice.hidden = true
    choice.querySelector("input").checked = false
    this.#ask(this.deleting, entry)
    const { conversation } = entry.dataset
    const { number } = await fragment(`/memory/from/${conversation}`).then(JSON.parse).catch(() => ({ number: 0 }))
    if (this.deleting.dataset.conversation !== conversation) return
    choice.querySelector("[data-number]").textContent = number === 1 ? "one thing" : `${number} things`
    choice.hidden = number === 0
  }

  async #rename(event) {
    event.preventDefault()
    const { conversation } = this.renaming.dataset
    const saved = await this.#tried(this.renaming, `/c/${conversation}/rename`, { title: this.renaming.querySelector("input[name=title]").value })
    if (!saved) return
    if (location.pathname.includes(conversation)) this.dispatchEvent(new CustomEvent("renamed", { bubbles: true, detail: saved.title }))
    await this.reload()
  }

  async #delete(event) {
    event.preventDefault()
    const { conversation } = this.deleting.dataset
    const andMemories = this.deleting.querySelector("input[name=andMemories]").checked
    if (!await this.#tried(this.deleting, `/c/${conversation}/delete`, { andMemories })) return
    if (location.pathname.includes(conversation)) location.assign("/")
    else await this.reload()
  }

  async #tried(dialog, url, data) {
    try {
      const answer = await post(url, data)
      dialog.close()
      return answer
    } catch (error) {
      const problem = dialog.querySelector("[data-problem]")
      problem.querySelector("span").textContent = error.message
      problem.hidden = false
      return null
    }
  }

  get #isOpen() {
    return document.body.classList.contains("has-drawer")
  }

  #toggle(isOpen = !this.#isOpen) {
    document.body.classList.toggle("has-drawer", isOpen)
    const opener = document.querySelector("button[data-drawer][aria-expanded]")
    opener.setAttribute("aria-expanded", String(isOpen))
    if (isOpen) this.querySelector("a, button").focus()
    else opener.focus()
  }
}

customElements.define("side-bar", SideBar)
