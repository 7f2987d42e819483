/** `<asked-approval>`: what an agent asks, for whom and about which question, with its card; one line once it is over. */
import { argumentRows } from "../lib/words.js"
import "./approval_card.js"
import { el, icon } from "./dom.js"

const OVER = { approved: "check", denied: "close", expired: "clock", cancelled: "close", upcoming: "clock" }

export class AskedApproval extends HTMLElement {
  #key = ""
  #card = document.createElement("approval-card")

  /**
   * asked { id, agent, by, isOwn, askedAt, question, task, conversation, mayDecide, status, words, decisions, interrupt, viewer }
   * options { decide(interrupt, said) → Promise }
   */
  show(asked, { decide }) {
    const key = JSON.stringify(asked)
    if (key === this.#key) return
    this.#key = key
    this.setAttribute("role", "article")
    this.setAttribute("aria-label", `${asked.agent} asks about ${asked.interrupt.metadata.tool}`)
    const isOpen = asked.status === "pending"
    if (isOpen) this.#card.show(asked.interrupt, { call: { decisions: asked.decisions }, viewer: asked.viewer, decide, settleUrl: null })
    if (isOpen && this.#card.isConnected) return       // what is being written there stays
    const hadFocus = this.contains(document.activeElement)
    this.replaceChildren(...[head(asked), quoted(asked), isOpen ? this.#card : over(asked)].filter(Boolean))
    if (hadFocus) this.#takeFocus()
  }

  /** The card had it and is gone; who uses the keyboard goes on from here. */
  #takeFocus() {
    this.tabIndex = -1
    this.focus({ preventScroll: true })
  }
}

function head({ agent, by, isOwn, askedAt, conversation }) {
  const at = new Date(askedAt)
  return el("p.asked-by", {},
    el("strong", { dir: "auto" }, agent), ` asks for ${isOwn ? "you" : by ?? "no person"} · `,
    el("time", { datetime: askedAt, title: at.toLocaleString() }, agoWords(at)),
    conversation ? el("a", { href: conversation }, "Open the conversation") : null)
}

function quoted({ question, task, isOwn, interrupt }) {
  const { said } = interrupt.metadata
  const quote = (label, text) => el("div.asked-about", {}, el("span.label", {}, label), el("blockquote", { dir: "auto", tabindex: "0" }, text))
  return el("div.asked-abouts", {},
    question ? quote(isOwn ? "You asked" : "The question", question) : null,
    task && task !== question ? quote("Its task", task) : null,
    said ? quote("The agent says", said) : null)
}

function over({ status, words, decisions, interrupt }) {
  const said = decisions.map(({ verdict, by, comment }) => {
    const told = `${verdict === "approve" ? "Approved" : "Denied"} by ${by}`
    return el("p.said", { dir: "auto" }, icon(verdict === "approve" ? "check" : "close"), el("span", {}, comment ? `${told}: “${comment}”` : told))
  })
  const { tool, arguments: raw } = interrupt.metadata
  return el("div.asked-over", {},
    el("p.card-state", {}, icon(OVER[status] ?? "clock"), el("span", {}, el("code", {}, tool), ` · ${closed(status, words)}`)),
    el("table.arguments", { "aria-label": "Arguments" }, el("tbody", {}, ...argumentRows(raw).map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", { dir: "auto" }, value))))),
    ...said)
}

function closed(status, words) {
  if (status === "cancelled") return "Not needed any more"
  if (status === "expired") return "Nobody decided in time"
  return status === "upcoming" ? "Somebody else is asked first" : words
}

function agoWords(at, now = Date.now()) {
  const minutes = Math.round((now - at) / 60_000)
  if (minutes < 1) return "just now"
  const [number, unit] = minutes < 90 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"]
  return `${number} ${unit}${number === 1 ? "" : "s"} ago`
}

customElements.define("asked-approval", AskedApproval)
