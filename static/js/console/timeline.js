// The arithmetic of a timeline: the order of its rows, its axis, and how numbers are written. Touches no page.

const STEPS_MS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500,
  1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 2 * 60e3, 5 * 60e3, 10 * 60e3, 15 * 60e3, 30 * 60e3,
  3600e3, 2 * 3600e3, 6 * 3600e3, 12 * 3600e3, 24 * 3600e3,
]

// The trace itself and all its spans as rows, parents before children, each level in the order it began.
// A span whose parent is missing hangs on the trace, so nothing is ever left out.
export function rows({ trace, spans }) {
  const known = new Set(spans.map(span => span.id))
  const children = new Map()
  for (const span of spans) {
    const parent = known.has(span.parent) && span.parent !== span.id ? span.parent : trace.id
    if (!children.has(parent)) children.set(parent, [])
    children.get(parent).push(span)
  }
  const root = { id: trace.id, isRoot: true, level: 0, span: rootSpan(trace), hasChildren: spans.length > 0 }
  const placed = [root]
  const seen = new Set()
  place(trace.id, 1, children, seen, placed)
  for (const span of spans) {        // what hangs on itself in a circle
    if (!seen.has(span.id)) {
      placed.push({ id: span.id, parent: trace.id, level: 1, span, hasChildren: false })
      seen.add(span.id)
    }
  }
  return placed
}

function place(parent, level, children, seen, placed) {
  const waiting = [...(children.get(parent) ?? [])].reverse().map(span => ({ span, parent, level }))
  while (waiting.length) {
    const { span, parent, level } = waiting.pop()
    if (seen.has(span.id)) continue
    seen.add(span.id)
    const below = children.get(span.id) ?? []
    placed.push({ id: span.id, parent, level, span, hasChildren: below.length > 0 })
    for (const child of [...below].reverse()) waiting.push({ span: child, parent: span.id, level: level + 1 })
  }
}

function rootSpan(trace) {
  return {
    id: trace.id, kind: "trace", name: `${trace.agent} v${trace.agentVersion}`, status: trace.status, error: trace.error,
    start: 0, duration: trace.duration, firstToken: trace.firstToken, cost: trace.cost,
    inputTokens: trace.inputTokens, outputTokens: trace.outputTokens,
  }
}

// From the first thing that happened to the last: a step may begin before its trace, by another machine's clock.
export function extent({ trace, spans }) {
  let from = 0
  let to = trace.duration ?? 0
  for (const { start, duration } of spans) {
    if (start < from) from = start
    if (start + duration > to) to = start + duration
  }
  return { from, to: to > from ? to : from + 1 }
}

// Round moments for the axis, about `wanted` of them.
export function ticks({ from, to }, wanted = 6) {
  const length = to - from
  const step = STEPS_MS.find(step => length / step <= wanted) ?? Math.ceil(length / wanted / 86400e3) * 86400e3
  const found = []
  for (let at = Math.ceil(from / step) * step; at <= to + step / 1e6; at += step) {
    found.push({ at, share: (at - from) / length, label: tickLabel(at, step) })
  }
  return found
}

function tickLabel(ms, step) {
  const at = Math.abs(ms) < step / 1e3 ? 0 : ms
  if (step < 1) return `${trim(at, step < 0.1 ? 2 : 1)} ms`
  if (step < 1000) return at >= 1000 ? `${trim(at / 1000, 2)} s` : `${Math.round(at)} ms`
  if (step < 60e3) return at >= 60e3 ? `${Math.floor(at / 60e3)}:${pad(Math.round(at / 1000) % 60)} min` : `${Math.round(at / 1000)} s`
  if (step < 3600e3) return at >= 3600e3 ? `${Math.floor(at / 3600e3)}:${pad(Math.round(at / 60e3) % 60)} h` : `${Math.round(at / 60e3)} min`
  return `${Math.round(at / 3600e3)} h`
}

export function duration(ms) {
  if (ms === undefined || ms === null) return "–"
  if (ms < 1) return "< 1 ms"
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor((seconds % 3600) / 60))} min`
}

export function money(cost) {
  if (cost === undefined || cost === null) return "unknown"
  if (cost === 0) return "$0"
  if (cost < 0.0001) return "< $0.0001"
  return cost < 0.1 ? `$${cost.toFixed(4)}` : `$${cost.toFixed(2)}`
}

export function count(number) {
  if (number < 10000) return number.toLocaleString("en")
  return number < 999950 ? `${(number / 1000).toFixed(1)}k` : `${(number / 1e6).toFixed(1)}M`
}

const pad = number => String(number).padStart(2, "0")
const trim = (number, places) => String(Number(number.toFixed(places)))
