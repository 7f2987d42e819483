/** `<chat-transcript>`: the runs of a conversation and the messages still on their way, in one reading column. */
import { familyOf, runsOf, unfinishedRuns } from "../lib/conversation.js"
import { el, icon } from "./dom.js"
import { questionFiles } from "./question_files.js"
import "./chat_run.js"

export class ChatTranscript extends HTMLElement {
  #runs = new Map()
  #sending = el("div.sending")

  connectedCallback() {
    if (!this.#sending.parentNode) this.append(this.#sending)
  }

  /** `options(run)` gives what `<chat-run>` needs beside the run; `unsent` are messages of the outbox. */
  show(state, { options, unsent, isAway, resend, discard }) {
    const line = unfinishedRuns(state).map((run) => run.id)
    for (const [id, node] of this.#runs) {
      if (!state.runs[id]) { node.remove(); this.#runs.delete(id) }
    }
    let before = null
    for (const run of runsOf(state)) {
      const node = this.#nodeOf(run, before)
      node.show(run, { ...options(run), family: familyOf(state, run.id), place: line.indexOf(run.id) + 1 })
      before = node
    }
    this.#showUnsent(unsent, { isAway, resend, discard })
  }

  #nodeOf(run, before) {
    if (!this.#runs.has(run.id)) this.#runs.set(run.id, document.createElement("chat-run"))
    const node = this.#runs.get(run.id)
    const place = before ? before.nextSibling : this.firstChild
    if (node !== place) this.insertBefore(node, place)
    return node
  }

  #showUnsent(unsent, { isAway, resend, discard }) {
    this.#sending.replaceChildren(...unsent.flatMap((entry) => [
      el("div.question.is-unsent", { dir: "auto" }, entry.text),
      questionFiles(entry.attachments, { areKept: false }) ?? "",
      entry.state === "refused"
        ? el("div.unsent-note.is-bad", { role: "alert" }, icon("alert"), el("span", {}, entry.error),
          el("button.button.is-small", { type: "button", onclick: () => resend(entry) }, "Edit and send again"),
          el("button.tool", { type: "button", onclick: () => discard(entry) }, "Discard"))
        : el("div.unsent-note", {}, icon("clock"), el("span", {}, isAway ? "Kept here; it is sent when the connection is back" : "Sending …")),
    ]))
  }
}

customElements.define("chat-transcript", ChatTranscript)
