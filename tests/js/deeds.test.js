import assert from "node:assert/strict"
import { test } from "node:test"

import { Deeds } from "../../static/js/lib/deeds.js"

test("a deed is sent at once and waits until it is answered", async () => {
  const sent = []
  const deeds = new Deeds((command) => sent.push(command))

  const answer = deeds.do({ type: "run.cancel", runId: "r" }, "1")
  assert.deepEqual([sent, deeds.commands], [[{ type: "run.cancel", runId: "r", id: "1" }], sent])

  deeds.answered({ type: "ack", id: "1", runId: "r" })
  assert.equal((await answer).runId, "r")
  assert.deepEqual(deeds.commands, [])
})

test("a refusal comes as words, and only once", async () => {
  const deeds = new Deeds(() => {})
  const answer = deeds.do({ type: "question.edit" }, "1")

  deeds.answered({ type: "nack", id: "1", error: "It is already being answered." })
  deeds.answered({ type: "ack", id: "1" })
  deeds.answered({ type: "ack", id: "of somebody else" })

  await assert.rejects(answer, { message: "It is already being answered." })
})
