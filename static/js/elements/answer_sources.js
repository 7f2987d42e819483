/** `<answer-sources>`: the passages an answer goes by, and the panel in which one of them is read. */
import { shownSources } from "../lib/sources.js"
import { el, icon } from "./dom.js"

export class AnswerSources extends HTMLElement {
  #key = ""

  show(run) {
    const { sources, areCited } = shownSources(run)
    this.hidden = sources.length === 0
    const key = JSON.stringify([areCited, sources.map(({ number, href }) => [number, href])])
    if (key === this.#key) return
    this.#key = key
    const title = areCited ? "Sources" : sources.length === 1 ? "Found in the documents" : `Found in the documents: ${sources.length} passages`
    this.replaceChildren(el("h3", {}, title), el("ol", {}, ...sources.map((source) => el("li", {}, link(source)))))
  }
}

/** `[n]` in the middle of a text: a link that opens the passage. */
export function mark(source) {
  const node = el("a.mark", { href: source.href, "aria-label": `Source ${source.number}: ${source.title}`, title: named(source) }, String(source.number))
  return opening(node, source)
}

/** Put links in the place of the marks in what was drawn; code and other links are left alone. */
export function linkMarks(root, sources, marked) {
  if (!sources.length) return root
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const texts = []
  while (walker.nextNode()) if (!walker.currentNode.parentElement?.closest("code, a, button")) texts.push(walker.currentNode)
  for (const text of texts) {
    const pieces = marked(text.data, sources)
    if (pieces.some(({ source }) => source)) text.replaceWith(...pieces.map((piece) => (piece.source ? mark(piece.source) : piece.text)))
  }
  return root
}

function link(source) {
  const node = el("a.source", { href: source.href, dir: "auto" },
    el("span.number", {}, String(source.number)), el("span.title", {}, source.title), source.where ? el("span.where", {}, source.where) : "")
  return opening(node, source)
}

/** A plain click opens the passage here; with Ctrl or the middle button its document opens beside. */
function opening(node, source) {
  node.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    open(source)
  })
  return node
}

function open(source) {
  const dialog = document.querySelector("#source-panel") ?? document.body.appendChild(el("dialog", { id: "source-panel", "aria-labelledby": "source-title" }))
  const close = el("button.tool", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))
  dialog.replaceChildren(el("div.sheet", {},
    el("div.head", {}, el("h2", { id: "source-title", dir: "auto" }, source.title), close),
    source.where ? el("p.where", { dir: "auto" }, source.where) : "",
    el("blockquote.passage", { dir: "auto", tabindex: "0" }, source.text),
    el("div.row", {}, el("a.button", { href: source.href }, icon("file"), "Open the document"))))
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close() }       // beside the sheet
  dialog.showModal()
}

function named({ title, where }) {
  return where ? `${title}, ${where}` : title
}

customElements.define("answer-sources", AnswerSources)
