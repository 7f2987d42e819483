/** The files that came with a question, as a list of links under it. */
import { sizeOf } from "../lib/files.js"
import { el, icon } from "./dom.js"

/** null where there are none. `areKept`: they have an address to be fetched from. */
export function questionFiles(attachments = [], { areKept = true } = {}) {
  if (!attachments.length) return null
  return el("ul.question-files", { "aria-label": "Files that came with it" }, ...attachments.map((file) => el("li", {}, chip(file, areKept))))
}

function chip(file, isKept) {
  const shown = [icon("file"), el("span.name", { dir: "auto" }, file.name), el("span.size.number", {}, sizeOf(file.size))]
  return isKept ? el("a.file", { href: `/attachments/${file.id}/`, download: "", title: "Download" }, ...shown) : el("span.file", {}, ...shown)
}
