import assert from "node:assert/strict"
import { test } from "node:test"
import * as files from "../../static/js/lib/files.js"

const one = files.withFile([], { key: "a", name: "pay.diff", size: 400 })

test("a file says in words how far it is", () => {
  const said = (change) => files.wordsOf(files.changed(one, "a", change)[0])
  assert.equal(said({ share: 0.409 }), "Uploading 40 %")
  assert.equal(said({ share: 1 }), "Uploading …")
  assert.equal(said({ state: "reading" }), "Reading …")
  assert.equal(said(files.told({ id: "1", title: "pay.diff", isReadable: true })), "Ready to ask")
  assert.equal(said(files.told({ id: "1", status: "failed", error: "The PDF is locked." })), "The PDF is locked.")
})

test("the message waits until its files are read, and takes only those that could be", () => {
  assert.equal(files.hold(one), "pay.diff is not read yet.")
  const ready = files.changed(one, "a", { id: "1", state: "ready" })
  const failed = files.changed(files.withFile(ready, { key: "b", name: "scan.pdf", size: 9 }), "b", { id: "2", state: "failed" })
  assert.equal(files.hold(failed), "")
  assert.deepEqual(files.attachments(failed), [{ id: "1", name: "pay.diff", size: 400 }])
})

test("the same file twice goes once", () => {
  const twice = ["a", "b"].reduce((list, key) => files.changed(files.withFile(list, { key, name: "x", size: 1 }), key, { id: "1", state: "ready" }), [])
  assert.equal(files.attachments(twice).length, 1)
})

test("too many, too large and empty files are left out in words", () => {
  assert.match(files.refusal([1, 2, 3, 4, 5], { name: "x", size: 1 }), /At most 5 files/)
  assert.match(files.refusal([], { name: "x.pdf", size: 20_500_000 }), /x.pdf has 21 MB; at most 20 MB/)
  assert.match(files.refusal([], { name: "x", size: 0 }), /is empty/)
  assert.equal(files.refusal([], { name: "x", size: 1 }), "")
})

test("a draft's files outlive the page, and are asked after again", () => {
  const kept = files.lasting(files.withFile(files.changed(one, "a", { id: "1", state: "ready" }), { key: "b", name: "half", size: 2 }))
  assert.deepEqual(files.restored(kept).map(({ id, state }) => [id, state]), [["1", "reading"]])
})
