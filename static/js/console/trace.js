// The page of one trace: tabs, the waterfall, and the chosen step beside it.

import { count, duration, extent, money, rows, ticks } from "./timeline.js"

const data = JSON.parse(document.getElementById("timeline-data").textContent)
const timeline = document.getElementById("timeline")
const tree = document.querySelector("[role=tree]")
const details = document.querySelector(".details")
const span = extent(data)
const all = rows(data)
const byId = new Map(all.map(row => [row.id, row]))
const folded = new Set()
let chosen = null
let opened = null
let fetching = null

const ROOT_KIND = { icon: "smart_toy", word: "Agent", tone: "accent" }
const UNKNOWN_KIND = { icon: "help", word: "Step", tone: "quiet" }

const axis = document.querySelector(".axis")
new ResizeObserver(drawAxis).observe(axis)
tree.append(...all.map(drawRow))
const fromAddress = new URLSearchParams(location.hash.slice(1))
showTab(fromAddress.get("tab") ?? "timeline")
const wanted = byId.get(fromAddress.get("step"))
choose(wanted ?? all[0], { focus: false })
if (wanted) open(wanted)

// Drawing

function drawAxis() {
  const width = axis.clientWidth
  const marks = ticks(span, Math.min(10, Math.max(2, width / 60))).map(tick => {
    const mark = element("span", "tick", tick.label)
    mark.style.setProperty("--at", tick.share)
    mark.classList.toggle("is-last", (1 - tick.share) * width < 50)      // no room at its right
    return mark
  })
  axis.replaceChildren(...marks)
}

function drawRow(row) {
  const step = row.span
  const kind = row.isRoot ? ROOT_KIND : data.kinds[step.kind] ?? UNKNOWN_KIND
  const line = element("div", `row ${kind.tone} is-${step.status}`)
  line.id = `step-${row.id}`
  line.setAttribute("role", "treeitem")
  line.setAttribute("aria-level", row.level + 1)
  line.setAttribute("aria-selected", "false")
  if (row.hasChildren) line.setAttribute("aria-expanded", "true")
  line.tabIndex = -1
  line.style.setProperty("--level", Math.min(row.level, 12))
  row.line = line

  const name = element("div", "name")
  const fold = element("i", "ic fold", row.hasChildren ? "expand_more" : "")
  fold.setAttribute("aria-hidden", "true")
  const icon = element("i", "ic kind", kind.icon)
  icon.setAttribute("aria-hidden", "true")
  const words = element("span", "label", label(row, kind))
  words.title = step.name
  name.append(fold, icon, words)
  if (step.attempt) name.append(element("small", "attempt", `attempt ${step.attempt}`))

  const lane = element("div", "lane")
  lane.append(drawBar(step))

  const tokens = row.isRoot || !step.inputTokens && !step.outputTokens ? "" : count((step.inputTokens ?? 0) + (step.outputTokens ?? 0))
  const cost = row.isRoot || step.inputTokens || step.outputTokens ? money(step.cost) : ""
  line.append(name, lane, element("div", "n time", duration(step.duration)), element("div", "n tokens", tokens), element("div", "n cost", cost))
  if (step.error) line.append(element("div", "why", step.error))
  return line
}

function drawBar(step) {
  const length = span.to - span.from
  const bar = element("span", "bar")
  bar.style.setProperty("--from", (step.start - span.from) / length)
  bar.style.setProperty("--share", (step.duration ?? span.to - step.start) / length)
  if (step.firstToken && step.duration > step.firstToken) bar.style.setProperty("--first", step.firstToken / step.duration)
  return bar
}

function label(row, kind) {
  const step = row.span
  if (step.tool) return step.tool
  if (step.llm) return step.name.startsWith("chat ") ? step.llm : `${step.name} · ${step.llm}`
  return row.isRoot ? step.name : step.name || kind.word
}

// Choosing and opening

function choose(row, { focus = true } = {}) {
  if (chosen) {
    chosen.line.setAttribute("aria-selected", "false")
    chosen.line.tabIndex = -1
  }
  chosen = row
  row.line.setAttribute("aria-selected", "true")
  row.line.tabIndex = 0
  if (focus) {
    row.line.focus({ preventScroll: true })
    row.line.scrollIntoView({ block: "nearest" })
  }
}

async function open(row) {
  opened?.line.classList.remove("is-open")
  if (row.isRoot) return close()
  opened = row
  row.line.classList.add("is-open")
  remember({ step: row.id })
  fetching?.abort()
  fetching = new AbortController()
  const waiting = setTimeout(() => show(element("p", "note", "Loading the step …")), 150)
  try {
    const answer = await fetch(`../span/${row.id}/`, { signal: fetching.signal })
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    const part = document.createElement("template")
    part.innerHTML = await answer.text()      // made by our own template, which escapes all that was recorded
    clearTimeout(waiting)
    show(part.content)
  } catch (error) {
    clearTimeout(waiting)
    if (error.name === "AbortError") return
    const again = element("button", "button plain", "Try again")
    again.type = "button"
    again.addEventListener("click", () => open(row))
    show(element("p", "alarm", `This step could not be loaded: ${error.message}.`), again)
  }
}

function show(...parts) {
  details.replaceChildren(...parts)
  timeline.classList.add("is-split")
  details.scrollTop = 0
  if (getComputedStyle(details).position === "static") details.scrollIntoView({ block: "nearest" })
}

function close() {
  fetching?.abort()
  opened?.line.classList.remove("is-open")
  opened = null
  remember({ step: null })
  timeline.classList.remove("is-split")
  details.replaceChildren()
}

function fold(row, isFolded) {
  if (!row.hasChildren) return
  if (isFolded) folded.add(row.id)
  else folded.delete(row.id)
  row.line.setAttribute("aria-expanded", String(!isFolded))
  const hidden = new Set()
  for (const each of all) {
    if (each.parent && (hidden.has(each.parent) || folded.has(each.parent))) hidden.add(each.id)
    each.line.hidden = hidden.has(each.id)
  }
}

// Keys and clicks

tree.addEventListener("click", event => {
  const row = rowOf(event.target)
  if (!row) return
  choose(row)
  if (event.target.closest(".fold")) fold(row, !folded.has(row.id))
  else open(row)
})

tree.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const act = KEYS[event.key]
  if (!act || !rowOf(event.target)) return
  event.preventDefault()
  act()
})

const KEYS = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  Home: () => choose(all[0]),
  End: () => choose(visible().at(-1)),
  ArrowRight: () => (folded.has(chosen.id) ? fold(chosen, false) : chosen.hasChildren && walk(1)),
  ArrowLeft: () => {
    if (chosen.hasChildren && !folded.has(chosen.id)) fold(chosen, true)
    else if (chosen.parent) choose(byId.get(chosen.parent))
  },
  Enter: () => open(chosen),
  " ": () => open(chosen),
  Escape: () => close(),
}

document.addEventListener("keydown", event => {
  if (event.key !== "e" || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.closest("input, textarea, select, [contenteditable]")) return
  const failed = all.find(row => !row.isRoot && row.span.status === "error")
  if (!failed) return
  event.preventDefault()
  showTab("timeline")
  unfold(failed)
  choose(failed)
  open(failed)
})

document.addEventListener("click", event => {
  const copy = event.target.closest("[data-copy]")
  if (copy) copyText(copy)
  if (event.target.closest("[data-close]")) {
    close()
    chosen.line.focus()
  }
})

function walk(by) {
  const rows = visible()
  const next = rows[rows.indexOf(chosen) + by]
  if (next) choose(next)
  if (next && opened) open(next)
}

function visible() {
  return all.filter(row => !row.line.hidden)
}

function unfold(row) {
  for (let parent = byId.get(row.parent); parent; parent = byId.get(parent.parent)) fold(parent, false)
}

function rowOf(target) {
  const line = target.closest("[role=treeitem]")
  return line ? byId.get(line.id.slice("step-".length)) : null
}

async function copyText(button) {
  const place = document.getElementById(button.dataset.copy)
  const parts = [...place.querySelectorAll("summary b, .text, .call b, .code")]      // folded messages too
  const text = parts.length ? parts.map(part => part.textContent.trim()).join("\n\n") : place.textContent
  const word = button.lastChild
  try {
    await navigator.clipboard.writeText(text)
    word.textContent = "Copied"
  } catch {
    word.textContent = "Select and copy by hand"
  }
  setTimeout(() => { word.textContent = "Copy" }, 2000)
}

// Tabs

function showTab(name) {
  const tabs = [...document.querySelectorAll("[role=tab]")]
  const tab = tabs.find(tab => tab.getAttribute("aria-controls") === name) ?? tabs[0]
  for (const each of tabs) {
    const isShown = each === tab
    each.setAttribute("aria-selected", String(isShown))
    each.tabIndex = isShown ? 0 : -1
    document.getElementById(each.getAttribute("aria-controls")).hidden = !isShown
  }
  const shown = tab.getAttribute("aria-controls")
  if (shown === "raw") fillRaw()
  remember({ tab: shown === "timeline" ? null : shown })
}

function fillRaw() {
  const place = document.getElementById("raw-text")
  if (!place.textContent) place.textContent = JSON.stringify({ trace: data.trace, spans: data.spans }, null, 2)
}

const tablist = document.querySelector("[role=tablist]")
tablist.addEventListener("click", event => {
  const tab = event.target.closest("[role=tab]")
  if (tab) showTab(tab.getAttribute("aria-controls"))
})
tablist.addEventListener("keydown", event => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!by) return
  const tabs = [...tablist.children]
  const next = tabs[(tabs.indexOf(event.target) + by + tabs.length) % tabs.length]
  showTab(next.getAttribute("aria-controls"))
  next.focus()
})

// The address remembers what is open, so that it can be sent to a colleague.

function remember(changes) {
  const now = new URLSearchParams(location.hash.slice(1))
  for (const [name, value] of Object.entries(changes)) {
    if (value) now.set(name, value)
    else now.delete(name)
  }
  const hash = now.toString()
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search)
}

function element(name, className, text = "") {
  const made = document.createElement(name)
  made.className = className
  if (text) made.textContent = text
  return made
}
