/** `<run-story>`: all that came of a question, in the order it happened: texts, tools, hand-overs, other agents' work. */
import { sourcesOf } from "../lib/sources.js"
import { el, icon } from "./dom.js"
import "./activity_line.js"
import "./answer_text.js"
import "./approval_card.js"
import "./child_run.js"
import { reminders } from "./reminders.js"

const ELEMENTS = { text: "answer-text", calls: "activity-line", child: "child-run" }

export class RunStory extends HTMLElement {
  #pieces = new Map()
  #cards = new Map()
  #waiting = el("div.cards")

  connectedCallback() {
    if (!this.#waiting.parentNode) this.append(this.#waiting)
  }

  /** Whether a card here asks the person something. */
  get asks() {
    return this.#cards.size > 0
  }

  /** options as of `<chat-run>`; `family` are the runs of the agents that work for this one, however deep */
  show(run, options) {
    this.#showPieces(run, options)
    this.#showCards(run, options)
  }

  #showPieces(run, options) {
    const isRunning = run.status === "running" || run.status === "waiting"
    const pieces = piecesOf(run, options.family)
    const sources = sourcesOf(run)
    for (const [id, node] of this.#pieces) {
      if (!pieces.some((piece) => piece.id === id)) { node.remove(); this.#pieces.delete(id) }
    }
    let before = null
    for (const piece of pieces) {
      const node = this.#nodeOf(piece)
      const place = before ? before.nextSibling : this.firstChild
      if (node !== place) this.insertBefore(node, place)
      before = node
      if (piece.calls) node.show(piece.calls, isRunning)
      else if (piece.child) node.show(piece.child, options)
      else if (piece.text) node.show(piece.text.text, piece.text.isOpen && isRunning, sources)
    }
  }

  #nodeOf(piece) {
    if (!this.#pieces.has(piece.id)) {
      const kind = Object.keys(ELEMENTS).find((name) => piece[name])
      this.#pieces.set(piece.id, kind ? document.createElement(ELEMENTS[kind]) : mark(piece))
    }
    return this.#pieces.get(piece.id)
  }

  #showCards(run, { isStopping, viewer, decide, settleUrl }) {
    const asked = isStopping ? [] : run.interrupts
    for (const [id, node] of this.#cards) {
      if (asked.some((interrupt) => interrupt.id === id)) continue
      if (node.contains(document.activeElement)) this.#takeFocus()
      node.remove()
      this.#cards.delete(id)
    }
    for (const interrupt of asked) {
      if (!this.#cards.has(interrupt.id)) this.#cards.set(interrupt.id, this.#waiting.appendChild(document.createElement("approval-card")))
      const call = run.parts.find((part) => part.id === interrupt.toolCallId)
      this.#cards.get(interrupt.id).show(interrupt, { call, viewer, decide, settleUrl: settleUrl(interrupt) })
    }
  }

  /** What had the focus goes; who uses the keyboard goes on from here. */
  #takeFocus() {
    const article = this.closest("chat-run")
    article.tabIndex = -1
    article.focus({ preventScroll: true })
  }
}

/** Texts one by one, the calls between two texts together; a task is the work of its agent, a hand-off its decision. */
function piecesOf(run, family) {
  const pieces = run.memories.length ? [{ id: `memories-${run.memories.length}`, memories: run.memories }] : []
  for (const part of run.parts) {
    const last = pieces.at(-1)
    const child = family.find(({ parent }) => parent.runId === run.id && parent.toolCallId === part.id)
    if (part.kind === "text") pieces.push({ id: part.id, text: part })
    else if (part.kind === "handoff") pieces.push({ id: part.id, handoff: part })
    else if (part.kind === "compaction") pieces.push({ id: part.id, compaction: part })
    else if (child) pieces.push({ id: child.id, child })
    else if (isHandOver(part, run)) continue
    else if (last?.calls) last.calls.push(part)
    else pieces.push({ id: `calls-${part.id}`, calls: [part] })
  }
  return pieces
}

function isHandOver(part, run) {
  return part.name === "hand_off" && part.status === "succeeded" && run.parts.some(({ kind }) => kind === "handoff")
}

/** What happened between two pieces, and never changes. */
function mark({ handoff, compaction, memories }) {
  if (memories) return reminders(memories)
  return handoff ? handOver(handoff) : summarised(compaction)
}

/** Where the oldest messages were put into fewer words, which are there to be read. */
function summarised({ summary }) {
  return el("details.compacted", {},
    el("summary.activity", {},
      icon("shorten"),
      el("span", {}, "Earlier messages were summarised to make room · ",
        el("span.to-show", {}, "show summary"), el("span.to-hide", {}, "hide summary")),
      icon("unfold")),
    el("div.summary-text", { dir: "auto" }, summary))
}

/** `Desk → Billing`, with the router's reason and how sure it was. */
function handOver({ from, to, reason, confidence }) {
  return el("p.handover", { dir: "auto" },
    icon("handoff"),
    el("span", {}, el("strong", {}, `${from.name} → ${to.name}`), ` · ${reason} `,
      el("span.label", {}, `${Math.round(confidence * 100)} % sure`)))
}

customElements.define("run-story", RunStory)
