import assert from "node:assert/strict"
import { test } from "node:test"

import { emptyConversation, fold, runsOf } from "../../static/js/lib/conversation.js"
import { namesOf, phaseOf, timeOf } from "../../static/js/lib/phases.js"
import { run } from "./events.js"

const phase = (events, options) => phaseOf(runsOf(fold(emptyConversation(), events.flat()))[0], options)

test("a run says what it is doing in one word", () => {
  const a = run("a")
  const sofar = [a.started()]
  assert.equal(phase(sofar).words, "Thinking")

  sofar.push(a.calls("1", "calculator"), a.tool("1", "started"))
  assert.equal(phase(sofar).words, "Using calculator")

  sofar.push(a.tool("1", "succeeded"), a.gets("1", "2"), a.opens("m"), a.writes("m", "It"))
  assert.equal(phase(sofar).words, "Writing")

  sofar.push(a.closes("m"), a.finishes())
  assert.equal(phase(sofar), null)
})

test("a queued run says its place in the line, unless it is next", () => {
  const queued = [run("a", { status: "queued" }).started()]

  assert.equal(phase(queued, { place: 2 }).words, "Queued (2nd in line)")
  assert.equal(phase(queued, { place: 1 }).words, "Queued")
})

test("a retry says which, of how many, and why", () => {
  const a = run("a")

  const shown = phase([a.started(), a.retries({ attempt: 2, of: 5, delayMs: 3000, reason: "The model is busy." })])

  assert.deepEqual([shown.words, shown.delayMs, shown.reason, shown.tone], ["Retrying, 2 of 5", 3000, "The model is busy.", "amber"])
})

test("calls are named once each and timed as they ran", () => {
  const calls = [
    { name: "calculator", batch: "1", durationMs: 30 }, { name: "current_time", batch: "1", durationMs: 50 }, { name: "calculator", batch: "2", durationMs: 20 },
  ]

  assert.equal(namesOf(calls), "calculator ×2, current_time")
  assert.equal(timeOf(calls), 70)
})
