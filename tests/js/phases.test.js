import assert from "node:assert/strict"
import { test } from "node:test"

import { emptyConversation, fold, runsOf } from "../../static/js/lib/conversation.js"
import { canRetry, isUntouched, namesOf, phaseOf, timeOf } from "../../static/js/lib/phases.js"
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

test("a waiting run says whom it waits for", () => {
  const a = run("a")
  const viewer = { email: "alice@example.org", isOwner: true, isStaff: false, isSuperuser: false, groups: [], decided: [] }
  const waits = (metadata) => phase([a.started(), a.waits({ id: "1", metadata })], { viewer }).words

  assert.equal(waits({ kind: "approval", who: "requester" }), "Waiting for your approval")
  assert.equal(phase([run("b").started({ status: "waiting" })], { viewer }).words, "Waiting")
})

test("a run whose calls others work on says for how many it waits, told so or not", () => {
  const a = run("a")
  const given = [a.started(), a.calls("1", "ask_look"), a.calls("2", "ask_look"), a.tool("1", "delegated"), a.tool("2", "delegated")]
  assert.deepEqual([phase(given).words, phase(given).tone], ["Waiting for 2 child agents", "amber"])

  given.push(a.tool("1", "succeeded"), a.gets("1", "900"))
  assert.equal(phase(given).words, "Waiting for 1 child agent")

  const beside = [a.started(), a.calls("1", "ask_look"), a.calls("2", "calculator"), a.tool("1", "delegated"), a.tool("2", "started")]
  assert.equal(phase(beside).words, "Using calculator")

  const reloaded = run("b")
  assert.equal(phase([reloaded.started({ status: "waiting" }), reloaded.calls("1", "ask_look"), reloaded.tool("1", "delegated")]).words, "Waiting for 1 child agent")
})

test("a limit is no fault, says what can be done, and offers no second try that would end the same way", () => {
  const over = (code) => runsOf(fold(emptyConversation(), [run("a").started(), { type: "RUN_ERROR", message: "Enough.", code, metadata: { seq: 2, runId: "a", epoch: 1 } }]))[0]

  assert.deepEqual([phaseOf(over("daily_limit")).tone, canRetry(over("daily_limit"))], ["amber", false])
  assert.deepEqual([phaseOf(over("max_tokens")).tone, canRetry(over("max_tokens"))], ["amber", true])
  assert.deepEqual([phaseOf(over("llm_error")).tone, canRetry(over("llm_error"))], ["red", true])
})

test("a question may be put otherwise until something came of it", () => {
  const [a, b] = [run("a", { status: "queued" }), run("b", { status: "queued" })]
  const of = (events) => runsOf(fold(emptyConversation(), events.flat()))[0]

  assert.equal(isUntouched(of([a.started(), a.asked("Why?")])), true)
  assert.equal(isUntouched(of([b.started(), b.calls("1", "calculator")])), false)
  assert.equal(isUntouched(of([run("c").started()])), false)
})

test("calls are named once each and timed as they ran", () => {
  const calls = [
    { name: "calculator", batch: "1", durationMs: 30 }, { name: "current_time", batch: "1", durationMs: 50 }, { name: "calculator", batch: "2", durationMs: 20 },
  ]

  assert.equal(namesOf(calls), "calculator ×2, current_time")
  assert.equal(timeOf(calls), 70)
})
