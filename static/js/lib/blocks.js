/** Markdown as a list of top-level blocks, so that a growing text is only read and drawn at its end. */
import { lexer } from "../../vendor/marked/marked.js"

/** → { closed: [raw …], open: raw }: what cannot change any more, and the rest. `closed` and `open` joined are `text`. */
export function split(text) {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1)       // half a line may still become anything
  const tokens = lexer(whole)
  const last = tokens.findLastIndex((token) => token.type !== "space")
  const closed = tokens.slice(0, Math.max(last, 0)).map((token) => token.raw)
  const length = closed.reduce((sum, raw) => sum + raw.length, 0)
  return { closed, open: text.slice(length) }
}

/** All blocks of a finished text but the empty ones. `definitions` are its link references, which any block may use. */
export function blocksOf(text) {
  const tokens = lexer(text)
  const definitions = tokens.filter((token) => token.type === "def").map((token) => token.raw).join("\n")
  return { blocks: tokens.map((token) => token.raw).filter((raw) => raw.trim()), definitions }
}

/** → { language, code } when the text is a fenced code block that is still being written. */
export function openFence(raw) {
  const match = /^ {0,3}(`{3,}|~{3,})([^\n`]*)\n/.exec(raw)
  if (!match) return null
  const code = raw.slice(match[0].length)
  const closing = new RegExp(`^ {0,3}${match[1][0]}{${match[1].length},}[ \\t]*$`, "m")
  return closing.test(code) ? null : { language: match[2].trim().split(/\s/)[0], code }
}
