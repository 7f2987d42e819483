/** `<child-run>`: another agent's work on a task, folded to one line; open while it asks the person something. */
import { phaseOf } from "../lib/phases.js"
import { duration } from "../lib/words.js"
import { el, icon } from "./dom.js"

const DONE = { words: "Done", tone: "grey", icon: "check" }

export class ChildRun extends HTMLElement {
  #chosen = null          // what the person chose: true open, false folded, null nothing yet
  #line = el("summary.activity", { onclick: () => { this.#chosen = !this.#fold.open } })
  #task = el("p.task", { dir: "auto" })
  #story = document.createElement("run-story")
  #fold = el("details.child", {}, this.#line, el("div.child-work", {}, this.#task, this.#story))

  connectedCallback() {
    if (!this.#fold.parentNode) this.append(this.#fold)
  }

  show(run, options) {
    const phase = phaseOf(run, options) ?? DONE
    this.dataset.tone = phase.tone
    this.#line.replaceChildren(
      icon(phase.icon),
      el("span", {}, [run.agent?.name ?? "Another agent", phase.words, duration(run.durationMs)].filter(Boolean).join(" · ")),
      icon("unfold"),
    )
    this.#task.textContent = run.question?.text ?? ""
    this.#story.show(run, options)
    this.#fold.open = this.#chosen ?? asks(run, options.family)
  }
}

/** Whether this agent, or one that works for it, waits for a person. */
function asks(run, family) {
  if (run.interrupts.length) return true
  return family.some((child) => child.parent.runId === run.id && asks(child, family))
}

customElements.define("child-run", ChildRun)
