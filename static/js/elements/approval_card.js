/**
 * `<approval-card>`: what an agent wants to do, and the person's word on it. Whoever is not asked sees who is; what
 * was cut off and may have taken effect is told here too.
 */
import { awaited, isYours } from "../lib/people.js"
import { argumentRows, resultText, untilWords } from "../lib/words.js"
import { announce, el, icon } from "./dom.js"

export class ApprovalCard extends HTMLElement {
  #interrupt = null
  #options = null
  #mode = "asking"          // asking | editing | denying
  #box = null               // what is being written in the other two
  #seen = null              // the digest of the arguments it is about
  #problem = ""
  #isSending = false

  /** options { call, viewer, decide(interrupt, said) → Promise, settleUrl | null } */
  show(interrupt, options) {
    const isSame = interrupt === this.#interrupt && options.viewer === this.#options?.viewer && options.call === this.#options?.call
    this.#interrupt = interrupt
    this.#options = options
    if (isSame) return
    if (!isYours(interrupt, options.viewer)) this.#mode = "asking"
    this.#draw()
  }

  connectedCallback() {
    tellOthers()
  }

  disconnectedCallback() {
    tellOthers()
  }

  #draw() {
    const { metadata } = this.#interrupt
    this.setAttribute("role", "group")
    this.setAttribute("aria-label", metadata.kind === "approval" ? `Approval of ${metadata.tool}` : `Outcome of ${metadata.tool}`)
    this.dataset.kind = metadata.kind
    this.replaceChildren(...(metadata.kind === "approval" ? this.#approval(metadata) : this.#settlement(metadata)).filter(Boolean))
  }

  #approval(metadata) {
    const { viewer } = this.#options
    const isAsked = isYours(this.#interrupt, viewer)
    return [
      el("p.card-state", {}, icon("clock"), `Waiting for ${awaited([this.#interrupt], viewer)}`),
      el("h3", { dir: "auto" }, isAsked ? "Allow " : "The agent wants to use ", el("code", {}, metadata.tool), metadata.resource ? ` → ${metadata.resource}` : "", isAsked ? "?" : ""),
      this.#mode === "editing" ? null : argumentsOf(metadata.arguments),
      el("p.why", {}, this.#interrupt.message ?? ""),
      this.#chain(metadata),
      metadata.consequences ? el("p.chain", {}, metadata.consequences) : null,
      isAsked ? this.#form() : null,
    ]
  }

  #chain({ level, levels, needed, approved }) {
    const given = this.#options.call?.decisions.filter((one) => one.verdict === "approve").map((one) => one.by) ?? []
    const words = [
      levels > 1 ? `Step ${level} of ${levels}` : "",
      needed > 1 ? `${approved} of ${needed} have approved` : "",
      given.length ? `approved by ${given.join(" and ")}` : "",
      this.#interrupt.expiresAt ? untilWords(this.#interrupt.expiresAt) : "",
    ].filter(Boolean)
    if (!words.length) return null
    const line = words.join(" · ")
    const exact = this.#interrupt.expiresAt ? new Date(this.#interrupt.expiresAt).toLocaleString() : ""
    return el("p.chain", { title: exact }, line[0].toUpperCase() + line.slice(1))
  }

  #form() {
    const problem = this.#problem ? el("p.problem", { role: "alert" }, icon("alert"), el("span", {}, this.#problem)) : ""
    if (this.#mode === "asking") return el("div.decision", {}, problem, el("div.row", {},
      this.#button("Approve", () => this.#say({ decision: "approve" }), "is-main"),
      this.#button("Edit", () => this.#write("editing")),
      this.#button("Deny", () => this.#write("denying"))))
    const isEditing = this.#mode === "editing"
    const label = isEditing ? "The arguments, as JSON" : "Why not? The agent reads this (optional)"
    return el("div.decision", {}, el("label.field", {}, el("span.label", {}, label), this.#box), problem, el("div.row", {},
      isEditing
        ? this.#button("Approve with these", () => this.#sayEdited(), "is-main")
        : this.#button("Deny", () => this.#say({ decision: "deny", comment: this.#box.value.trim() }), "is-grave"),
      this.#button("Back", () => this.#back())))
  }

  #button(words, onclick, kind = "") {
    return el(`button.button.is-small${kind && `.${kind}`}`, { type: "button", onclick, disabled: this.#isSending }, words)
  }

  #write(mode) {
    this.#mode = mode
    this.#problem = ""
    this.#seen = this.#interrupt.metadata.digest
    const isEditing = mode === "editing"
    this.#box = el(isEditing ? "textarea.input.is-code" : "textarea.input", { rows: isEditing ? "6" : "2", dir: "auto", spellcheck: !isEditing })
    this.#box.value = isEditing ? resultText(this.#interrupt.metadata.arguments) : ""
    this.#box.addEventListener("keydown", (event) => event.key === "Escape" && this.#back())
    this.#draw()
    this.#box.focus()
  }

  #back() {
    const words = this.#mode === "editing" ? "Edit" : "Deny"
    this.#mode = "asking"
    this.#problem = ""
    this.#draw()
    for (const button of this.querySelectorAll("button")) if (button.textContent === words) button.focus()
  }

  #sayEdited() {
    try {
      JSON.parse(this.#box.value)
    } catch (error) {
      return this.#refuse(`This is not JSON yet: ${error.message}.`)
    }
    this.#say({ decision: "approve", args: this.#box.value })
  }

  async #say(said) {
    if (this.#isSending) return
    this.#isSending = true
    this.#problem = ""
    this.#draw()
    const digest = this.#mode === "editing" ? this.#seen : this.#interrupt.metadata.digest
    try {
      await this.#options.decide(this.#interrupt, { ...said, digest })
      announce(said.decision === "approve" ? "Approved" : "Denied")
      this.#mode = "asking"
      this.#isSending = false
      if (this.isConnected) this.#draw()
    } catch (refused) {
      this.#isSending = false
      this.#refuse(refused.message)
    }
  }

  #refuse(words) {
    this.#problem = words
    this.#draw()
    if (this.#mode !== "asking") this.#box.focus()
  }

  #settlement(metadata) {
    const { settleUrl } = this.#options
    return [
      el("p.card-state", {}, icon("alert"), "Outcome unknown"),
      el("h3", { dir: "auto" }, "It is not known whether ", el("code", {}, metadata.tool), " took effect"),
      argumentsOf(metadata.arguments),
      el("p.why", {}, settleUrl
        ? "It was interrupted while it ran. It is not run again before somebody has looked and said what became of it."
        : "It was interrupted while it ran. It is not run again; an operator will find out and settle it, and the answer goes on then."),
      settleUrl ? el("div.row", {}, el("a.button.is-small.is-main", { href: settleUrl }, "Settle it")) : null,
    ]
  }
}

/** Whoever counts what waits for this person looks again. */
function tellOthers() {
  document.dispatchEvent(new CustomEvent("approval"))
}

function argumentsOf(raw) {
  const rows = argumentRows(raw)
  if (!rows.length) return el("p.why", {}, "Without arguments.")
  return el("div.asked-arguments", {},
    el("table.arguments", { "aria-label": "Arguments" }, el("tbody", {}, ...rows.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", { dir: "auto" }, value))))),
    el("details", {}, el("summary", {}, "As JSON"), el("pre", { tabindex: "0", dir: "auto" }, resultText(raw))))
}

customElements.define("approval-card", ApprovalCard)
