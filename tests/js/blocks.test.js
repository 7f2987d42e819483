import assert from "node:assert/strict"
import { test } from "node:test"

import { blocksOf, openFence, split } from "../../static/js/lib/blocks.js"

const TEXT = "# Title\n\nA paragraph\nof two lines.\n\n- one\n- two\n\n  more\n\n```py\nx = 1\n\ny = 2\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nHeading\n-------\n\nThe end."

/** The blocks that are closed on the way when the text arrives in pieces of a size, and those of the rest. */
function grown(text, size) {
  const closed = []
  let read = 0
  for (let end = size; end < text.length + size; end += size) {
    const part = split(text.slice(read, end))
    closed.push(...part.closed)
    read += part.closed.join("").length
  }
  return trimmed([...closed, ...blocksOf(text.slice(read)).blocks])
}

function trimmed(blocks) {
  return blocks.map((raw) => raw.trim()).filter(Boolean)
}

test("a text that grows by any steps closes the same blocks as the whole", () => {
  const whole = trimmed(blocksOf(TEXT).blocks)

  for (let size = 1; size < 40; size++) assert.deepEqual(grown(TEXT, size), whole, `in steps of ${size}`)
})

test("nothing of the text is lost between closed and open", () => {
  const { closed, open } = split(TEXT)

  assert.equal(closed.join("") + open, TEXT)
})

test("a fence is open until its closing line", () => {
  assert.deepEqual(openFence("```py\nx = 1\n"), { language: "py", code: "x = 1\n" })
  assert.equal(openFence("```py\nx = 1\n```"), null)
  assert.deepEqual(openFence("````md\n```py\n```\n"), { language: "md", code: "```py\n```\n" })
  assert.equal(openFence("no fence"), null)
})

test("link definitions are known to all blocks", () => {
  assert.equal(blocksOf("See [it].\n\n[it]: https://example.org").definitions, "[it]: https://example.org")
})
