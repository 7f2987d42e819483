import assert from "node:assert/strict"
import { test } from "node:test"

import { argumentRows, duration, ordinal, resultText } from "../../static/js/lib/words.js"

test("times are said as people say them", () => {
  assert.deepEqual([4, 999, 1840, 59_949, 61_000, 7_380_000].map(duration), ["4 ms", "999 ms", "1.8 s", "59.9 s", "1 min 1 s", "2 h 3 min"])
  assert.equal(duration(null), "")
})

test("places are ordinals", () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"])
})

test("arguments become rows, and what is no object is shown as it came", () => {
  assert.deepEqual(argumentRows('{"a":"x","b":{"c":1}}'), [["a", "x"], ["b", '{"c":1}']])
  assert.deepEqual(argumentRows('{"a":'), [["arguments", '{"a":']])
  assert.deepEqual(argumentRows(""), [])
})

test("results in JSON are laid out, others are left alone", () => {
  assert.equal(resultText('{"a":1}'), '{\n  "a": 1\n}')
  assert.equal(resultText("[not json"), "[not json")
})
