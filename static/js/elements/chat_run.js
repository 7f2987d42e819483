/** `<chat-run>`: one question and all that came of it, in the order it happened. */
import { UNFINISHED } from "../lib/conversation.js"
import { phaseOf } from "../lib/phases.js"
import { el } from "./dom.js"
import "./activity_line.js"
import "./answer_actions.js"
import "./answer_text.js"
import "./run_state.js"

export class ChatRun extends HTMLElement {
  #shown = null
  #pieces = new Map()
  #question = el("div.question", { dir: "auto" })
  #answer = el("div.answer")
  #state = document.createElement("run-state")
  #actions = document.createElement("answer-actions")

  connectedCallback() {
    if (this.#answer.parentNode) return
    this.setAttribute("role", "article")
    this.#answer.append(this.#state, this.#actions)
    this.append(el("h2.for-readers", {}, "You asked"), this.#question, el("h2.for-readers", {}, "Answer"), this.#answer)
  }

  /** options { place, isStopping, thumb, retry, rate, remove, traceUrl } */
  show(run, options) {
    const key = [run, options.place, options.isStopping, options.thumb]
    if (this.#shown?.every((value, index) => value === key[index])) return
    this.#shown = key
    this.dataset.run = run.id
    this.dataset.status = run.status
    if (run.question) this.#question.textContent = run.question.text
    this.#question.hidden = !run.question
    this.#showPieces(run)
    this.#showState(run, options)
    this.#showActions(run, options)
  }

  #showPieces(run) {
    const isRunning = UNFINISHED.has(run.status)
    const pieces = piecesOf(run.parts)
    for (const [id, node] of this.#pieces) {
      if (!pieces.some((piece) => piece.id === id)) { node.remove(); this.#pieces.delete(id) }
    }
    for (const { id, text, calls } of pieces) {
      if (!this.#pieces.has(id)) {
        this.#pieces.set(id, document.createElement(calls ? "activity-line" : "answer-text"))
      }
      const node = this.#pieces.get(id)
      if (!node.parentNode) this.#answer.insertBefore(node, this.#state)
      if (calls) node.show(calls, isRunning)
      else node.show(text.text, text.isOpen && isRunning)
    }
  }

  #showState(run, { place, isStopping, retry, remove }) {
    const phase = phaseOf(run, { place, isStopping })
    const isSaidAbove = phase?.name === "using"       // the activity line says it already
    const action = ["failed", "cancelled"].includes(run.status) ? { label: "Retry", run: retry }
      : phase?.name === "queued" && place > 1 ? { label: "Withdraw", icon: "close", run: remove } : null
    this.#state.show(isSaidAbove ? null : phase, action)
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
