/** What an answer was reminded of: one quiet line that unfolds to each thing, with the way to change or delete it. */
import { day, kindOf, told } from "../lib/reminders.js"
import { el, icon } from "./dom.js"

export function reminders(memories) {
  return el("details.reminded", {},
    el("summary.activity", {}, icon("memory"), el("span", {}, told(memories)), icon("unfold")),
    el("ul", {}, ...memories.map((one) =>
      el("li", {},
        el("p", { dir: "auto" }, one.text),
        el("p.where-said", {}, [kindOf(one), day(one.saidAt)].filter(Boolean).join(" · "), link(one))))))
}

function link({ id, kind, threadId }) {
  if (kind === "procedure") return null
  if (kind === "conversation") return threadId ? el("a", { href: `/c/${threadId}/` }, "Open conversation") : null
  return el("a", { href: `/memory/#${id}` }, "Change or delete")
}
