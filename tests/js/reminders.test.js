import assert from "node:assert/strict"
import { test } from "node:test"
import { day, kindOf, told } from "../../static/js/lib/reminders.js"

const [fact, procedure] = [{ kind: "fact" }, { kind: "procedure" }]

test("what was used is counted in words", () => {
  assert.equal(told([fact]), "1 memory used")
  assert.equal(told([fact, { kind: "conversation" }]), "2 memories used")
  assert.equal(told([fact, procedure, procedure]), "1 memory · 2 procedures used")
  assert.equal(told([procedure]), "1 procedure used")
})

test("each says what it is and when it was said, where that is known", () => {
  assert.equal(kindOf({ kind: "preference" }), "How you like it")
  assert.equal(kindOf({ kind: "of a later version" }), "About you")
  assert.equal(day(Date.UTC(2026, 4, 3, 12)), "3 May 2026")
  assert.equal(day(undefined), "")
})
