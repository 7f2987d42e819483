import assert from "node:assert/strict"
import { test } from "node:test"

import { awaited, decidedWords, isAsked, isYours, nameOf } from "../../static/js/lib/people.js"

const alice = { email: "alice@example.org", isOwner: true, isStaff: false, isSuperuser: false, groups: ["Managers"], decided: [] }
const dana = { email: "dana@example.org", isOwner: false, isStaff: true, isSuperuser: true, groups: [], decided: [] }
const asks = (who, id = "1", digest = "x") => ({ id, metadata: { kind: "approval", who, digest } })

test("who is asked is who the server would ask", () => {
  const asked = (viewer) => ["requester", "staff", "group:Managers", "group:Others", "user:Alice@Example.org", "nobody"].map((who) => isAsked(who, viewer))

  assert.deepEqual(asked(alice), [true, false, true, false, true, false])
  assert.deepEqual(asked(dana), [false, true, true, true, false, false])
})

test("who is asked is named as the viewer sees them", () => {
  assert.equal(nameOf("requester", alice), "you")
  assert.equal(nameOf("requester", dana), "the person who asked")
  assert.equal(nameOf("group:A: B", alice), "the group A: B")
  assert.equal(nameOf("user:bob@example.org", alice), "bob@example.org")
})

test("a run waits for the viewer if anything of it does", () => {
  assert.equal(awaited([asks("staff"), asks("requester")], alice), "your approval")
  assert.equal(awaited([asks("staff")], alice), "an operator")
  assert.equal(awaited([{ id: "1", metadata: { kind: "settlement" } }], alice), "an operator")
})

test("what the viewer has decided is not theirs any more, unless the arguments changed", () => {
  const decided = { ...alice, decided: ["1:x"] }

  assert.equal(isYours(asks("requester"), decided), false)
  assert.equal(awaited([asks("requester")], decided), "others to approve")
  assert.equal(isYours(asks("requester", "1", "y"), decided), true)
})

test("what people said is summed up by name", () => {
  const said = (verdict, by) => ({ decisions: [{ verdict, by }] })

  assert.equal(decidedWords([said("approve", "Alice"), said("approve", "Alice"), said("deny", "Bob")]), "approved by Alice, denied by Bob")
  assert.equal(decidedWords([{ decisions: [] }]), "")
})
