/** `<chat-run>`: one question and all that came of it, in the order it happened. */
import { UNFINISHED } from "../lib/conversation.js"
import { canRetry, isUntouched, phaseOf } from "../lib/phases.js"
import { el, icon } from "./dom.js"
import "./activity_line.js"
import "./answer_actions.js"
import "./answer_text.js"
import "./approval_card.js"
import "./asked_question.js"
import "./run_state.js"

export class ChatRun extends HTMLElement {
  #shown = null
  #pieces = new Map()
  #cards = new Map()
  #question = document.createElement("asked-question")
  #answer = el("div.answer")
  #waiting = el("div.cards")
  #warning = el("p.limit", { hidden: true })
  #state = document.createElement("run-state")
  #actions = document.createElement("answer-actions")

  connectedCallback() {
    if (this.#answer.parentNode) return
    this.setAttribute("role", "article")
    this.#answer.append(this.#waiting, this.#state, this.#warning, this.#actions)
    this.append(el("h2.for-readers", {}, "You asked"), this.#question, el("h2.for-readers", {}, "Answer"), this.#answer)
  }

  /** options { place, isStopping, thumb, viewer, retry, rate, edit, withdraw, askAnew, decide, settleUrl(call), traceUrl } */
  show(run, options) {
    const key = [run, options.place, options.isStopping, options.thumb, options.viewer]
    if (this.#shown?.every((value, index) => value === key[index])) return
    this.#shown = key
    this.dataset.run = run.id
    this.dataset.status = run.status
    const { edit, withdraw, askAnew } = options
    this.#question.show({ question: run.question, isOpen: isUntouched(run) && !options.isStopping, edit, withdraw, askAnew })
    this.#showPieces(run)
    this.#showCards(run, options)
    this.#showState(run, options)
    this.#showActions(run, options)
  }

  #showPieces(run) {
    const isRunning = run.status === "running"
    const pieces = piecesOf(run.parts)
    for (const [id, node] of this.#pieces) {
      if (!pieces.some((piece) => piece.id === id)) { node.remove(); this.#pieces.delete(id) }
    }
    for (const { id, text, calls } of pieces) {
      if (!this.#pieces.has(id)) {
        this.#pieces.set(id, document.createElement(calls ? "activity-line" : "answer-text"))
      }
      const node = this.#pieces.get(id)
      if (!node.parentNode) this.#answer.insertBefore(node, this.#waiting)
      if (calls) node.show(calls, isRunning)
      else node.show(text.text, text.isOpen && isRunning)
    }
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
    this.tabIndex = -1
    this.focus({ preventScroll: true })
  }

  #showState(run, { place, isStopping, viewer, retry }) {
    const phase = phaseOf(run, { place, isStopping, viewer })
    const isSaidAbove = phase?.name === "using" || this.#cards.size > 0       // the activity line or a card says it already
    this.#state.show(isSaidAbove ? null : phase, canRetry(run) ? { label: "Retry", run: retry } : null)
    this.#warning.hidden = !run.warning
    if (run.warning) this.#warning.replaceChildren(icon("alert"), el("span", {}, `${run.warning.message} Ask on, and it goes on from here.`))
  }

  #showActions(run, { thumb, rate, traceUrl }) {
    this.#actions.hidden = UNFINISHED.has(run.status)
    if (this.#actions.hidden) return
    const text = run.parts.filter((part) => part.kind === "text").map((part) => part.text).join("\n\n")
    this.#actions.show({ run, text, thumb, rate, traceUrl })
  }
}

/** Texts one by one, and the calls between two texts together. */
function piecesOf(parts) {
  const pieces = []
  for (const part of parts) {
    const last = pieces.at(-1)
    if (part.kind === "text") pieces.push({ id: part.id, text: part })
    else if (last?.calls) last.calls.push(part)
    else pieces.push({ id: `calls-${part.id}`, calls: [part] })
  }
  return pieces
}

customElements.define("chat-run", ChatRun)
