/** Colours for code. The library and each language come when a block first asks for them. */

const ALIASES = {
  "c++": "cpp", cc: "cpp", h: "c", "c#": "csharp", cs: "csharp", docker: "dockerfile", golang: "go", toml: "ini", conf: "ini",
  js: "javascript", jsx: "javascript", mjs: "javascript", jsonc: "json", json5: "json", kt: "kotlin", md: "markdown", py: "python", python3: "python",
  rb: "ruby", rs: "rust", sh: "bash", shell: "bash", zsh: "bash", console: "bash", postgres: "sql", postgresql: "sql",
  ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", vue: "xml", yml: "yaml", patch: "diff",
}
const LANGUAGES = new Set((
  "bash c cpp csharp css diff dockerfile go ini java javascript json kotlin markdown php python ruby rust sql swift typescript xml yaml"
).split(" "))
const MOST_CHARACTERS = 50_000
const loading = new Map()
let library = null

/** The code as HTML with colours, or null: unknown language, not loaded yet, or too long to be worth it. */
export function highlighted(code, language) {
  const name = nameOf(language)
  if (!library?.getLanguage(name) || code.length > MOST_CHARACTERS) return null
  return library.highlight(code, { language: name, ignoreIllegals: true }).value
}

/** True once the language is there and was not before: the block is worth drawing again. */
export async function learn(language) {
  const name = nameOf(language)
  if (!LANGUAGES.has(name) || library?.getLanguage(name)) return false
  if (!loading.has(name)) loading.set(name, load(name))
  return loading.get(name)
}

async function load(name) {
  const [core, grammar] = await Promise.all([
    import("../../vendor/highlight/core.js"),
    import(`../../vendor/highlight/languages/${name}.js`),
  ]).catch(() => [null, null])
  if (!core) return false
  library = core.default
  library.registerLanguage(name, grammar.default)
  return true
}

function nameOf(language) {
  const name = (language ?? "").toLowerCase()
  return ALIASES[name] ?? name
}
