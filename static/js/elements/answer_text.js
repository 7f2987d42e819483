/**
 * `<answer-text>`: Markdown that may still be growing. Only the block at the end is drawn again, at most once a
 * frame, and less often when drawing is slow; a finished text is compared block by block with its whole reading.
 */
import { blocksOf, openFence, split } from "../lib/blocks.js"
import { learn } from "../lib/highlight.js"
import { fragmentOf } from "../lib/markdown.js"
import { marked } from "../lib/sources.js"
import { linkMarks } from "./answer_sources.js"
import { el } from "./dom.js"

const SHARE_OF_TIME = 4     // drawing may take a quarter of the time

export class AnswerText extends HTMLElement {
  #text = ""
  #isOpen = false
  #read = 0                 // how much of the text stands in closed blocks
  #blocks = []              // { key, node }
  #end = null               // the node of the open block
  #fence = null             // its text node and language, when it is a code block
  #frame = null
  #notBefore = 0
  #sources = []             // what `[n]` in it stands for

  show(text, isOpen, sources = []) {
    this.#sources = sources
    if (text === this.#text && isOpen === this.#isOpen) return
    const isFirst = !this.#text
    if (!text.startsWith(this.#text)) this.#forget()
    this.#text = text
    this.#isOpen = isOpen
    this.classList.add("prose")
    if (!isOpen) this.#finish()
    else if (isFirst) this.#draw()
    else this.#drawSoon()
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame)
    this.#frame = null
  }

  #drawSoon() {
    this.#frame ??= requestAnimationFrame((now) => {
      this.#frame = null
      if (!this.#isOpen) return
      if (now < this.#notBefore) this.#drawSoon()
      else this.#draw()
    })
  }

  #draw() {
    const start = performance.now()
    const { closed, open } = split(this.#text.slice(this.#read))
    for (const raw of closed) this.#close(raw)
    this.#drawEnd(open)
    const end = performance.now()
    this.#notBefore = end + (end - start) * (SHARE_OF_TIME - 1)
  }

  #close(raw) {
    this.#read += raw.length
    if (!raw.trim()) return
    const node = this.#end ?? this.appendChild(el("div.block"))
    this.#end = this.#fence = null
    this.#blocks.push({ key: raw.trimEnd(), node })
    this.#fill(node, raw)
  }

  #drawEnd(raw) {
    const fence = openFence(raw)
    if (fence && this.#fence?.language === fence.language && fence.code.startsWith(this.#fence.text.data)) {
      this.#fence.text.appendData(fence.code.slice(this.#fence.text.length))
      return
    }
    this.#end ??= this.appendChild(el("div.block"))
    this.#end.replaceChildren(this.#drawn(fence ? `\`\`\`${fence.language}\n\`\`\`` : raw))
    this.#fence = null
    if (!fence) return
    const text = document.createTextNode(fence.code)
    this.#end.querySelector("code").replaceChildren(text)
    this.#fence = { language: fence.language, text }
  }

  #finish() {
    const { blocks, definitions } = blocksOf(this.#text)
    blocks.forEach((raw, index) => {
      const key = definitions ? `${raw}\n\n${definitions}` : raw.trimEnd()
      if (this.#blocks[index]?.key === key) return
      const node = this.#blocks[index]?.node ?? this.#end ?? this.appendChild(el("div.block"))
      if (node === this.#end) this.#end = null
      this.#blocks[index] = { key, node }
      this.#fill(node, key)
    })
    for (const { node } of this.#blocks.splice(blocks.length)) node.remove()
    this.#end?.remove()
    this.#end = this.#fence = null
    this.#read = this.#text.length
  }

  #fill(node, raw) {
    node.replaceChildren(this.#drawn(raw))
    for (const language of new Set([...raw.matchAll(/^ *(?:`{3,}|~{3,})(\S+)/gm)].map((match) => match[1]))) {
      learn(language).then((isNew) => isNew && node.replaceChildren(this.#drawn(raw)))
    }
  }

  #drawn(raw) {
    return linkMarks(fragmentOf(raw), this.#sources, marked)
  }

  #forget() {
    this.#read = 0
    this.#blocks = []
    this.#end = this.#fence = null
    this.replaceChildren()
  }
}

customElements.define("answer-text", AnswerText)
