/** `<chat-run>`: one question and all that came of it, in the order it happened. */
import { UNFINISHED } from "../lib/conversation.js"
import { canRetry, isUntouched, phaseOf } from "../lib/phases.js"
import { el, icon } from "./dom.js"
import "./answer_actions.js"
import "./answer_sources.js"
import "./asked_question.js"
import "./run_state.js"
import "./run_story.js"

export class ChatRun extends HTMLElement {
  #shown = null
  #question = document.createElement("asked-question")
  #answer = el("div.answer")
  #story = document.createElement("run-story")
  #warning = el("p.limit", { hidden: true })
  #state = document.createElement("run-state")
  #sources = document.createElement("answer-sources")
  #actions = document.createElement("answer-actions")

  connectedCallback() {
    if (this.#answer.parentNode) return
    this.setAttribute("role", "article")
    this.#answer.append(this.#story, this.#state, this.#warning, this.#sources, this.#actions)
    this.append(el("h2.for-readers", {}, "You asked"), this.#question, el("h2.for-readers", {}, "Answer"), this.#answer)
  }

  /** options { family, place, isStopping, thumb, viewer, retry, rate, edit, withdraw, askAnew, decide, settleUrl(call), traceUrl } */
  show(run, options) {
    const key = [run, options.place, options.isStopping, options.thumb, options.viewer, ...options.family]
    if (this.#shown?.length === key.length && key.every((value, index) => value === this.#shown[index])) return
    this.#shown = key
    this.dataset.run = run.id
    this.dataset.status = run.status
    const { edit, withdraw, askAnew } = options
    this.#question.show({ question: run.question, isOpen: isUntouched(run) && !options.isStopping, edit, withdraw, askAnew })
    this.#story.show(run, options)
    this.#showState(run, options)
    if (UNFINISHED.has(run.status)) this.#sources.hidden = true       // not before the answer: nothing moves while it is written
    else this.#sources.show(run)
    this.#showActions(run, options)
  }

  #showState(run, { family, place, isStopping, viewer, retry }) {
    const phase = phaseOf(run, { place, isStopping, viewer })
    const asks = this.#story.asks || (phase?.name === "children" && family.some((child) => child.interrupts.length))
    const isSaidAbove = phase?.name === "using" || asks       // the activity line or a card says it already
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

customElements.define("chat-run", ChatRun)
