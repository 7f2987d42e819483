/** `<activity-line>`: what the agent did between two pieces of text; one quiet line that unfolds to the tools it used. */
import { OPEN_CALL } from "../lib/conversation.js"
import { CALL_PHASES, namesOf, timeOf } from "../lib/phases.js"
import { decidedWords } from "../lib/people.js"
import { argumentRows, duration, resultText } from "../lib/words.js"
import { el, icon } from "./dom.js"

const QUICK = 400       // a tool that is done sooner does not unfold: nothing would be readable, only moving
const WRONG = new Set(["failed", "timed_out"])
const AWAITED = new Set(["awaiting_approval", "outcome_unknown"])
let count = 0

export class ActivityLine extends HTMLElement {
  #calls = []
  #cards = new Map()
  #isLive = false
  #chosen = null          // what the person chose: true unfolded, false folded, null nothing yet
  #isSlow = false
  #timer = null
  #button = null
  #list = null

  connectedCallback() {
    if (this.#button) return
    const id = `activity-${++count}`
    this.#list = el("ol.calls", { id })
    this.#button = el("button.activity", { type: "button", "aria-controls": id, onclick: () => this.#toggle() })
    this.append(this.#button, this.#list)
    this.#draw()
  }

  disconnectedCallback() {
    clearTimeout(this.#timer)
  }

  show(calls, isRunning) {
    this.#calls = calls
    const isLive = isRunning && calls.some((call) => OPEN_CALL.has(call.status))
    if (isLive && !this.#isLive) this.#timer = setTimeout(() => { this.#isSlow = true; this.#draw() }, QUICK)
    if (!isLive) { clearTimeout(this.#timer); this.#isSlow = false }
    this.#isLive = isLive
    if (this.#button) this.#draw()
  }

  #toggle() {
    this.#chosen = !this.#isUnfolded
    this.#draw()
  }

  get #isUnfolded() {
    return this.#chosen ?? (this.#isLive && this.#isSlow)
  }

  #draw() {
    const wrong = this.#calls.filter((call) => WRONG.has(call.status)).length
    const open = this.#calls.filter((call) => OPEN_CALL.has(call.status))
    const isWaiting = this.#calls.some((call) => AWAITED.has(call.status))
    this.dataset.tone = this.#isLive ? "accent" : isWaiting ? "amber" : wrong ? "red" : "grey"
    const words = this.#isLive ? `Using ${namesOf(open)} …` : namesOf(this.#calls)
    const time = this.#isLive || isWaiting ? "" : duration(timeOf(this.#calls))
    const trouble = this.#isLive || isWaiting ? "" : troubleOf(this.#calls)
    this.#button.replaceChildren(
      icon(this.#isLive ? "working" : isWaiting ? "clock" : wrong ? "alert" : "check"),
      el("span", {}, [words, decidedWords(this.#calls), trouble, time].filter(Boolean).join(" · ")),
      icon("unfold"),
    )
    this.#button.setAttribute("aria-expanded", String(this.#isUnfolded))
    this.#list.hidden = !this.#isUnfolded
    if (this.#isUnfolded) this.#drawCards()
  }

  #drawCards() {
    for (const call of this.#calls) {
      const known = this.#cards.get(call.id)
      if (known?.call === call) continue
      const node = card(call)
      if (known) known.node.replaceWith(node)
      else this.#list.append(node)
      this.#cards.set(call.id, { call, node })
    }
  }
}

function card(call) {
  const phase = CALL_PHASES[call.status] ?? CALL_PHASES.started
  const rows = argumentRows(call.args)
  return el("li.call", { "data-tone": phase.tone },
    el("div.call-head", {},
      el("strong", { dir: "auto" }, call.name),
      call.isEdited ? el("span.edited", {}, "arguments edited") : null,
      el("span.call-state", {}, icon(phase.icon), [phase.words, duration(call.durationMs)].filter(Boolean).join(" · "))),
    ...call.decisions.map(decision),
    rows.length ? el("table.arguments", { "aria-label": "Arguments" }, el("tbody", {}, ...rows.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", { dir: "auto" }, value))))) : null,
    call.result === null ? null : el("div.result", {}, el("span.label", {}, "Result"),
      el("pre", { tabindex: "0", dir: "auto" }, resultText(call.result) || "(empty)")))
}

function troubleOf(calls) {
  const count = (isIt) => calls.filter(isIt).length
  const told = (number, words) => (number ? (number === calls.length ? words : `${number} ${words}`) : "")
  return [
    told(count((call) => WRONG.has(call.status)), "failed"),
    told(count((call) => call.status === "unsettled"), "outcome unknown"),
    told(count((call) => call.status === "denied" && !call.decisions.length), "not allowed"),
  ].filter(Boolean).join(", ")
}

function decision({ verdict, by, comment }) {
  const words = `${verdict === "approve" ? "Approved" : "Denied"} by ${by}`
  return el("p.said", { dir: "auto" }, icon(verdict === "approve" ? "check" : "close"), el("span", {}, comment ? `${words}: “${comment}”` : words))
}

customElements.define("activity-line", ActivityLine)
