import assert from "node:assert/strict"
import { test } from "node:test"
import { marked, shownSources, sourcesOf } from "../../static/js/lib/sources.js"

const passage = (number) => ({ number, title: "Travel", place: "Hotels", page: number, text: `At most ${number}.`, document: "d1", passage: number + 10 })
const search = (...numbers) => ({ kind: "call", name: "search_knowledge", result: JSON.stringify({ passages: numbers.map(passage) }) })
const said = (text) => ({ kind: "text", text })

test("the passages of all searches of a run are its sources, by number, page and place", () => {
  const sources = sourcesOf({ parts: [search(1, 2), said("…"), search(6)] })
  assert.deepEqual(sources.map(({ number }) => number), [1, 2, 6])
  assert.equal(sources[0].where, "Hotels, page 1")
  assert.equal(sources[0].href, "/documents/d1/?passage=11#passage-11")
})

test("those that the answer names are shown, or all where it names none", () => {
  const cited = shownSources({ parts: [search(1, 2, 3), said("So it is [2], [9].")] })
  assert.deepEqual([cited.areCited, cited.sources.map(({ number }) => number)], [true, [2]])
  const silent = shownSources({ parts: [search(1, 2), said("So it is.")] })
  assert.deepEqual([silent.areCited, silent.sources.length], [false, 2])
})

test("a number nobody gave stays text", () => {
  const sources = sourcesOf({ parts: [search(1, 2)] })
  const pieces = marked("Costs [1][2], see [7].", sources)
  assert.deepEqual(pieces.map(({ text, source }) => (source ? `→${text}` : text)), ["Costs ", "→1", "→2", ", see [7]."])
})

test("a search that failed, was cut or is from before passages had numbers gives none", () => {
  for (const result of ["Error: it failed", '{"passages": [{"num', "null", "[]", '{"passages": [{"title": "T", "text": "x"}]}', null]) {
    assert.deepEqual(sourcesOf({ parts: [{ kind: "call", name: "search_knowledge", result }] }), [])
  }
})
