/**
 * The passages an answer could go by: what `search_knowledge` found in its run, by the numbers it gave them.
 *
 * source { number, title, place, page, text, where, href }
 */

const SEARCH = "search_knowledge"
const MARK = /\[(\d{1,3})\]/g
const read = new WeakMap()      // part → sources; a part that changes is another object

/** All that were found in a run, in the order of their numbers. */
export function sourcesOf(run) {
  return run.parts.flatMap((part) => (part.kind === "call" && part.name === SEARCH && part.result ? found(part) : []))
}

/** Those of them that the run's texts name, or all where none is named; and which of the two it is. */
export function shownSources(run) {
  const sources = sourcesOf(run)
  const named = new Set(run.parts.filter(({ kind }) => kind === "text").flatMap(({ text }) => numbersIn(text)))
  const cited = sources.filter(({ number }) => named.has(number))
  return cited.length ? { sources: cited, areCited: true } : { sources, areCited: false }
}

/** A text cut at its marks: pieces { text } and { text, source }. Numbers nobody gave stay text. */
export function marked(text, sources) {
  const pieces = []
  let place = 0
  for (const mark of text.matchAll(MARK)) {
    const source = sources.find(({ number }) => number === Number(mark[1]))
    if (!source) continue
    if (mark.index > place) pieces.push({ text: text.slice(place, mark.index) })
    pieces.push({ text: mark[1], source })
    place = mark.index + mark[0].length
  }
  if (place < text.length) pieces.push({ text: text.slice(place) })
  return pieces
}

function numbersIn(text) {
  return [...text.matchAll(MARK)].map((mark) => Number(mark[1]))
}

function found(part) {
  if (!read.has(part)) read.set(part, parsed(part.result))
  return read.get(part)
}

function parsed(result) {
  try {
    const { passages = [] } = JSON.parse(result)
    return passages.filter(({ number, document }) => Number.isInteger(number) && document).map(source)
  } catch {
    return []       // a search that failed, or one that was cut
  }
}

function source({ number, title, place = "", page = null, text, document, passage }) {
  const where = [place, page ? `page ${page}` : ""].filter(Boolean).join(", ")
  return { number, title, place, page, text, where, href: `/documents/${encodeURIComponent(document)}/?passage=${passage}#passage-${passage}` }
}
