import assert from "node:assert/strict"
import { test } from "node:test"

import { apply, emptyConversation, familyOf, fold, lastSeen, runsOf, unfinishedRuns, withoutMissed } from "../../static/js/lib/conversation.js"
import { run } from "./events.js"

const seen = (events) => fold(emptyConversation(), events.flat())
const only = (state) => runsOf(state)[0]
const texts = (shown) => shown.parts.filter((part) => part.kind === "text").map((part) => part.text)

test("a question and a streamed answer are put together", () => {
  const a = run("a")

  const shown = only(seen([a.started(), a.asked("Why?"), a.opens("m"), a.writes("m", "Be"), a.writes("m", "cause."), a.closes("m"), a.finishes()]))

  assert.equal(shown.question.text, "Why?")
  assert.deepEqual(texts(shown), ["Because."])
  assert.equal(shown.status, "completed")
  assert.equal(shown.durationMs, 1800)
})

test("a frame that comes twice counts once", () => {
  const a = run("a")
  const [start, opens, writes] = [a.started(), a.opens("m"), a.writes("m", "once")]

  assert.deepEqual(texts(only(seen([start, opens, writes, writes, opens]))), ["once"])
})

test("a gap is noticed and nothing after it is believed", () => {
  const a = run("a")
  const [start, opens, , after] = [a.started(), a.opens("m"), a.writes("m", "lost"), a.writes("m", "after")]

  const state = seen([start, opens, after])

  assert.deepEqual(state.missed, ["a"])
  assert.deepEqual(texts(only(state)), [""])
  assert.deepEqual(withoutMissed(state).missed, [])
})

test("an event of a run never heard of is a gap", () => {
  const a = run("a")
  a.started()

  assert.deepEqual(seen([a.opens("m")]).missed, ["a"])
})

test("RUN_STARTED forgets what was known of the run and heals the gap", () => {
  const [a, again] = [run("a"), run("a", { epoch: 2, first: 7 })]
  const [start, opens, , after] = [a.started(), a.opens("m"), a.writes("m", "lost"), a.writes("m", "after")]

  const state = seen([start, opens, after, again.started(), again.opens("n"), again.writes("n", "whole")])

  assert.deepEqual(texts(only(state)), ["whole"])
  assert.deepEqual(state.missed, [])
})

test("what an earlier attempt still says is not believed", () => {
  const [old, now] = [run("a", { epoch: 1 }), run("a", { epoch: 2, first: 3 })]
  const [start, late] = [old.started(), [old.opens("x"), old.writes("x", "1"), old.writes("x", "2"), old.writes("x", "3"), old.started()]]

  const state = seen([start, now.started(), now.opens("m"), now.writes("m", "new"), late])

  assert.deepEqual(texts(only(state)), ["new"])
})

test("a run that replaces another takes it out of view, whatever that one still says", () => {
  const [a, b] = [run("a"), run("b", { position: 1, replaces: "a" })]
  const [start, failed] = [a.started(), a.fails("No.")]

  const state = seen([start, failed, b.started(), a.finishes()])

  assert.deepEqual(state.order, ["b"])
  assert.deepEqual(state.missed, [])
})

test("calls of a batch keep their own states though their events interleave", () => {
  const a = run("a")

  const [first, second] = only(seen([
    a.started(), a.calls("1", "calculator", { expression: "1+1" }), a.calls("2", "current_time"), a.tool("1", "started"), a.tool("2", "started"),
    a.tool("2", "failed", 30), a.gets("2", "no such zone"), a.tool("1", "succeeded", 5), a.gets("1", "2"),
  ])).parts

  assert.deepEqual([first.status, first.result, first.durationMs, first.args], ["succeeded", "2", 5, '{"expression":"1+1"}'])
  assert.deepEqual([second.status, second.result, second.durationMs], ["failed", "no such zone", 30])
})

test("superseded text is dropped and the retry is over when the LLM is heard again", () => {
  const a = run("a")
  const before = seen([a.started(), a.opens("m"), a.writes("m", "Half"), a.supersedes("m"), a.retries({ attempt: 2, of: 5, delayMs: 3000, reason: "busy" })])
  assert.equal(only(before).retry.attempt, 2)

  const after = only(fold(before, [a.opens("n"), a.writes("n", "Whole")]))

  assert.equal(after.retry, null)
  assert.deepEqual(texts(after), ["Whole"])
})

test("a stopped run keeps its partial text, marked", () => {
  const a = run("a")

  const shown = only(seen([a.started(), a.opens("m"), a.writes("m", "Half"), a.closes("m", { interrupted: true }), a.finishes("cancelled")]))

  assert.equal(shown.status, "cancelled")
  assert.deepEqual([shown.parts[0].text, shown.parts[0].isInterrupted], ["Half", true])
})

test("a failed run says in words what went wrong", () => {
  const a = run("a")

  const shown = only(seen([a.started(), a.fails("The model did not answer.")]))

  assert.deepEqual([shown.status, shown.error.message], ["failed", "The model did not answer."])
})

test("runs stand in the order of their positions, and a client resumes at the first that is not finished", () => {
  const [a, b, c] = [run("a", { position: 0 }), run("b", { position: 1 }), run("c", { position: 2, status: "queued" })]

  const state = seen([c.started(), a.started(), a.finishes(), b.started(), b.opens("m")])

  assert.deepEqual(state.order, ["a", "b", "c"])
  assert.deepEqual(unfinishedRuns(state).map(({ id }) => id), ["b", "c"])
  assert.deepEqual(lastSeen(state), { runId: "b", after: 2, epoch: 1 })
})

test("a state is never changed, and what did not change stays the same", () => {
  const [a, b] = [run("a"), run("b", { position: 1 })]
  const before = seen([a.started(), b.started(), b.opens("m")])
  const copy = structuredClone(before)

  const after = apply(before, b.writes("m", "x"))

  assert.deepEqual(before, copy)
  assert.equal(after.runs.a, before.runs.a)
  assert.notEqual(after.runs.b, before.runs.b)
})

test("a run that waits for a person keeps what it waits for until it goes on", () => {
  const [a, again] = [run("a"), run("a", { epoch: 2, first: 9, status: "queued" })]
  const approval = { id: "approval-1", reason: "tool_call", toolCallId: "1", metadata: { kind: "approval" } }

  const waiting = seen([a.started(), a.calls("1", "send_email"), a.tool("1", "awaiting_approval"), a.waits(approval)])
  assert.deepEqual([only(waiting).status, only(waiting).interrupts], ["waiting", [approval]])

  const decided = fold(waiting, [
    again.started(), ...again.calls("1", "send_email", { to: "ann" }), again.decides("1", [{ verdict: "approve", by: "Alice" }], { arguments: '{"to":"bob"}' }),
  ])
  assert.deepEqual([only(decided).status, only(decided).interrupts], ["queued", []])
  const [call] = only(decided).parts
  assert.deepEqual([call.args, call.isEdited, call.decisions], ['{"to":"bob"}', true, [{ verdict: "approve", by: "Alice" }]])
})

test("a withdrawn question is gone, whatever its number and whatever still comes of it", () => {
  const [a, b] = [run("a"), run("b", { position: 1, status: "queued" })]
  const [started, late] = [b.started(), b.asked("late")]

  const state = seen([a.started(), started, b.removed(), late, b.started()])

  assert.deepEqual(state.order, ["a"])
  assert.deepEqual(state.missed, [])
})

test("the withdrawal of a run never heard of changes nothing in view", () => {
  const [a, b] = [run("a"), run("b")]

  assert.deepEqual(seen([a.started(), b.removed()]).order, ["a"])
})

test("a limit that cut the answer short is told beside it", () => {
  const a = run("a")

  const shown = only(seen([a.started(), a.warns("max_turns", "The agent used all its turns."), a.finishes()]))

  assert.deepEqual([shown.status, shown.warning.limit], ["completed", "max_turns"])
})

test("an event nobody knows yet changes nothing but the count", () => {
  const a = run("a")
  const state = seen([a.started()])

  const after = apply(state, { type: "CUSTOM", name: "later", value: {}, metadata: { runId: "a", seq: 2, epoch: 1 } })

  assert.equal(only(after).seq, 2)
})

test("another agent's work stands inside the run that asked for it, however deep", () => {
  const child = run("child", { parent: { runId: "root", toolCallId: "c" } })
  const grandchild = run("deep", { parent: { runId: "child", toolCallId: "d" } })

  const state = seen([run("root").started(), child.started(), grandchild.started()])

  assert.deepEqual(runsOf(state).map(({ id }) => id), ["root"])
  assert.deepEqual(familyOf(state, "root").map(({ id }) => id), ["child", "deep"])
  assert.equal(lastSeen(state).runId, "root")
})

test("who takes over answers the run from there on", () => {
  const a = run("a")

  const shown = only(seen([a.started(), a.handsOver("billing", "It is about money.", 0.9)]))

  assert.equal(shown.agent.slug, "billing")
  assert.deepEqual(shown.parts.map(({ kind, reason, confidence }) => [kind, reason, confidence]), [["handoff", "It is about money.", 0.9]])
})

test("who was cut off in the middle of a snapshot asks for all of it again", () => {
  const a = run("a")

  const half = seen([a.started({ upTo: 3 }), a.opens("m")])
  const whole = fold(half, [a.writes("m", "so far")])

  assert.deepEqual(lastSeen(half), {})
  assert.deepEqual(lastSeen(whole), { runId: "a", after: 3, epoch: 1 })
})

test("where the oldest messages were summarised is told in its place; of several at once the last stands", () => {
  const a = run("a")
  const first = [a.started(), a.opens("m"), a.closes("m"), a.summarises("s", 3, "Much."), a.summarises("t", 5, "More.")]

  const shown = only(seen([...first, a.opens("n"), a.summarises("u", 6, "All.")]))

  assert.deepEqual(shown.parts.map(({ kind, summary }) => summary ?? kind), ["text", "More.", "text", "All."])
  assert.deepEqual(shown.parts[1], { kind: "compaction", id: "t", turns: 5, summary: "More." })
})

test("what an answer was reminded of stands with its run, wherever among its events it is told", () => {
  const [a, b] = [run("a"), run("b", { position: 1 })]
  const memory = { id: "1", text: "Lives in Lisbon.", kind: "fact", saidAt: 0 }

  const state = seen([a.started(), ...a.asked("Where?"), a.isReminded(memory), b.started(), b.opens("m"), b.isReminded(memory)])

  assert.deepEqual(runsOf(state).map(({ memories }) => memories), [[memory], [memory]])
})
