import assert from "node:assert/strict"
import { test } from "node:test"

import { answered, commandsIn, ofChat, withMessage, withoutShown } from "../../static/js/lib/outbox.js"

const inNewChat = (entries, id) => withMessage(entries, { id, chat: "c", agent: "assistant", text: id })

test("in a new conversation the second message waits for the thread the first one gets", () => {
  const entries = inNewChat(inNewChat([], "1"), "2")
  assert.deepEqual(commandsIn(entries), [{ type: "run.start", id: "1", text: "1", agent: "assistant" }])

  const settled = answered(entries, { type: "ack", id: "1", threadId: "t", runId: "r" })

  assert.deepEqual(commandsIn(settled), [{ type: "run.start", id: "2", text: "2", threadId: "t" }])
})

test("a version that is tried is named with the first message", () => {
  const entries = withMessage([], { id: "1", chat: "c", agent: "assistant", version: 7, text: "1" })

  assert.deepEqual(commandsIn(entries), [{ type: "run.start", id: "1", text: "1", agent: "assistant", version: 7 }])
})

test("a message stays until its run is on the page", () => {
  const [entries] = [answered(inNewChat([], "1"), { type: "ack", id: "1", threadId: "t", runId: "r" })]

  assert.equal(withoutShown(entries, {}).length, 1)
  assert.equal(withoutShown(entries, { r: { question: { text: "1" } } }).length, 0)
})

test("a refused message says why and is not sent again by itself", () => {
  const entries = answered(inNewChat([], "1"), { type: "nack", id: "1", error: "Too long." })

  assert.equal(entries[0].error, "Too long.")
  assert.deepEqual(commandsIn(entries), [])
})

test("a refused first message does not hold up the next", () => {
  const entries = answered(inNewChat(inNewChat([], "1"), "2"), { type: "nack", id: "1", error: "Too long." })

  assert.deepEqual(commandsIn(entries).map(({ id }) => id), ["2"])
})

test("a conversation shows its own messages only", () => {
  const entries = withMessage(inNewChat([], "1"), { id: "2", chat: "other", threadId: "t2", text: "2" })

  assert.deepEqual(ofChat(entries, { chat: "c", threadId: null }).map(({ id }) => id), ["1"])
  assert.deepEqual(ofChat(entries, { chat: "x", threadId: "t2" }).map(({ id }) => id), ["2"])
})

test("a temporary conversation is begun as one", () => {
  const entries = withMessage([], { id: "1", chat: "c", agent: "assistant", isTemporary: true, text: "1" })

  assert.deepEqual(commandsIn(entries), [{ type: "run.start", id: "1", text: "1", agent: "assistant", temporary: true }])
  assert.deepEqual(commandsIn([{ ...entries[0], threadId: "t" }]), [{ type: "run.start", id: "1", text: "1", threadId: "t" }])
})
