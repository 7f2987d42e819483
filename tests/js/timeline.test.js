import assert from "node:assert/strict"
import { test } from "node:test"

import { count, duration, extent, money, rows, ticks } from "../../static/js/console/timeline.js"

const trace = (changes = {}) => ({ id: "t", agent: "assistant", agentVersion: 1, status: "ok", duration: 1000, ...changes })
const span = (id, changes = {}) => ({ id, kind: "execute_tool", name: id, status: "ok", start: 0, duration: 10, ...changes })
const order = (data) => rows(data).map((row) => `${" ".repeat(row.level)}${row.id}`)
const labels = (from, to) => ticks({ from, to }).map((tick) => tick.label)

test("steps stand below the step that made them", () => {
  const spans = [span("a"), span("c"), span("b", { parent: "a" }), span("d", { parent: "b" })]

  assert.deepEqual(order({ trace: trace(), spans }), ["t", " a", "  b", "   d", " c"])
})

test("no step is left out, whoever its parent was", () => {
  const spans = [span("lost", { parent: "gone" }), span("itself", { parent: "itself" }), span("x", { parent: "y" }), span("y", { parent: "x" })]

  assert.deepEqual(rows({ trace: trace(), spans }).map((row) => row.id).sort(), ["itself", "lost", "t", "x", "y"])
})

test("ten thousand steps in a chain are placed without running out of stack", () => {
  const spans = Array.from({ length: 10_000 }, (_, place) => span(`s${place}`, { parent: place ? `s${place - 1}` : undefined }))

  assert.equal(rows({ trace: trace(), spans }).at(-1).level, 10_000)
})

test("the axis holds all that happened, also before the start and after the end", () => {
  const spans = [span("early", { start: -20 }), span("late", { start: 995, duration: 30 })]

  assert.deepEqual(extent({ trace: trace(), spans }), { from: -20, to: 1025 })
  assert.deepEqual(extent({ trace: trace({ duration: undefined }), spans: [] }), { from: 0, to: 1 })
})

test("a millisecond and two hours both have a readable axis", () => {
  assert.deepEqual(labels(0, 1), ["0 ms", "0.2 ms", "0.4 ms", "0.6 ms", "0.8 ms", "1 ms"])
  assert.deepEqual(labels(0, 3100), ["0 s", "1 s", "2 s", "3 s"])
  assert.deepEqual(labels(0, 7_200_000), ["0 min", "30 min", "1:00 h", "1:30 h", "2:00 h"])
})

test("every axis has some ticks and never a crowd", () => {
  for (let length = 0.05; length < 1e10; length *= 1.7) {
    const found = ticks({ from: 0, to: length })
    assert.ok(found.length >= 2 && found.length <= 8, `${found.length} ticks over ${length} ms`)
    assert.equal(new Set(found.map((tick) => tick.label)).size, found.length, `over ${length} ms`)
  }
})

test("numbers are written as on the rest of the console", () => {
  assert.deepEqual([undefined, 0, 850, 1800, 125_000, 4_320_000].map(duration), ["–", "< 1 ms", "850 ms", "1.8 s", "2 min 05 s", "1 h 12 min"])
  assert.deepEqual([null, 0, 0.00001, 0.0012, 1.234].map(money), ["unknown", "$0", "< $0.0001", "$0.0012", "$1.23"])
  assert.deepEqual([950, 12_345, 4_500_000].map(count), ["950", "12.3k", "4.5M"])
})
