/**
 * Markdown becomes HTML here and nowhere else: marked → our renderer → highlight.js → DOMPurify.
 *
 * What an LLM writes is not trusted. Its raw HTML is shown as text, images are named and not loaded (loading one
 * would tell a stranger what was said), and links go only to web and mail addresses.
 */
import DOMPurify from "../../vendor/dompurify/purify.js"
import { Marked } from "../../vendor/marked/marked.js"
import { highlighted } from "./highlight.js"

const PLAIN_TAG = /^<\/?(br|sub|sup|kbd|mark|u|b|i|em|strong|s|del|ins)\s*\/?>$/i
const SAFE_ADDRESS = /^(https?:\/\/|mailto:)/i
const JSON_OBJECT = /^\s*\{\s*"/     // the answer of an agent with a form: as data, from its first letters on
const TURNED_BY_ITS_WORDS = "p, h3, h4, h5, h6, td, th, ul, ol, blockquote"
const PLAIN_ATTRIBUTES = "target rel class dir start align tabindex role aria-label type data-copy".split(" ")
const SANITISER = {
  ALLOWED_TAGS: (
    "p br hr h3 h4 h5 h6 ul ol li blockquote pre code span div table thead tbody tr th td a button " +
    "sub sup kbd mark u b i em strong s del ins"
  ).split(" "),
  ALLOWED_ATTR: ["href", ...PLAIN_ATTRIBUTES],
  ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,      // or they would have to look like addresses
  ALLOWED_URI_REGEXP: SAFE_ADDRESS,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
}

const marked = new Marked({ gfm: true, breaks: true, renderer: {
  html: ({ text }) => (PLAIN_TAG.test(text.trim()) ? text : escaped(text)),
  heading({ tokens, depth }) {
    const level = Math.min(depth + 2, 6)
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`
  },
  link({ href, tokens }) {
    return link(href, this.parser.parseInline(tokens))
  },
  image: ({ href, text }) => link(href, `Image: ${escaped([text, hostOf(href)].filter(Boolean).join(" · "))}`),
  checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  code: ({ text, lang }) => codeBlock(text, lang?.trim().split(/\s/)[0] ?? ""),
  table(token) {
    const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}${cell.align ? ` align="${cell.align}"` : ""}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`
    const body = token.rows.map((cells) => row(cells, "td")).join("")
    return `<div class="table" role="region" aria-label="Table" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table></div>`
  },
} })

/** A document fragment that is safe to put into the page. */
export function fragmentOf(markdown) {
  installHook()
  return DOMPurify.sanitize(htmlOf(markdown), SANITISER)
}

/** The HTML before the sanitiser; only for it and for the tests. */
export function htmlOf(markdown) {
  return JSON_OBJECT.test(markdown) ? codeBlock(markdown.trim(), "json") : marked.parse(markdown)
}

function codeBlock(code, language) {
  const body = highlighted(code, language) ?? escaped(code)
  return `<div class="code"><div class="code-head"><span>${escaped(language || "text")}</span>` +
    `<button type="button" class="tool" data-copy>Copy</button></div><pre tabindex="0"><code>${body}</code></pre></div>`
}

function link(href, inner) {
  return SAFE_ADDRESS.test(href) ? `<a href="${escaped(href)}" target="_blank" rel="noopener noreferrer nofollow">${inner}</a>` : inner
}

function hostOf(href) {
  try {
    return new URL(href).host
  } catch {
    return ""
  }
}

export function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

let isInstalled = false

function installHook() {
  if (isInstalled) return
  isInstalled = true
  DOMPurify.addHook("afterSanitizeAttributes", (node) => {
    const isWithin = node.parentElement?.closest("ul, ol, blockquote")
    if (!isWithin && node.matches?.(TURNED_BY_ITS_WORDS)) node.setAttribute("dir", "auto")
  })
}
