/** The states of a run as a person reads them: one name, one word, one colour each. */
import { OPEN_CALL, UNFINISHED } from "./conversation.js"
import { ordinal } from "./words.js"

/** → { name, words, tone, icon }, or null when the answer speaks for itself. */
export function phaseOf(run, { place = 1, isStopping = false } = {}) {
  if (isStopping && UNFINISHED.has(run.status)) return { name: "stopping", words: "Stopping …", tone: "grey", icon: "stop" }
  switch (run.status) {
    case "queued":
      return { name: "queued", words: place > 1 ? `Queued (${ordinal(place)} in line)` : "Queued", tone: "grey", icon: "clock" }
    case "waiting":
      return { name: "waiting", words: "Waiting", tone: "amber", icon: "clock" }
    case "running":
      return run.retry ? retrying(run.retry) : working(run)
    case "cancelled":
      return { name: "cancelled", words: "Stopped by you", tone: "grey", icon: "stop" }
    case "failed":
      return { name: "failed", words: run.error?.message || "This could not be answered.", tone: "red", icon: "alert" }
    default:
      return null
  }
}

export const CALL_PHASES = {
  asked: { words: "Waiting to start", tone: "grey", icon: "clock" },
  started: { words: "Running", tone: "accent", icon: "working" },
  succeeded: { words: "Done", tone: "grey", icon: "check" },
  failed: { words: "Failed", tone: "red", icon: "alert" },
  timed_out: { words: "Took too long", tone: "red", icon: "clock" },
  invalid: { words: "Not run: the arguments were not valid", tone: "amber", icon: "alert" },
  cancelled: { words: "Stopped", tone: "grey", icon: "stop" },
  outcome_unknown: { words: "Interrupted; an operator will settle it", tone: "amber", icon: "alert" },
}

function working(run) {
  const calls = run.parts.filter((part) => part.kind === "call" && OPEN_CALL.has(part.status))
  if (calls.length) return { name: "using", words: `Using ${namesOf(calls)}`, tone: "accent", icon: "working" }
  const last = run.parts.at(-1)
  if (last?.kind === "text" && last.isOpen && last.text) return { name: "writing", words: "Writing", tone: "accent", icon: "working" }
  return { name: "thinking", words: "Thinking", tone: "accent", icon: "working" }
}

function retrying({ attempt, of, delayMs, reason }) {
  return { name: "retrying", words: `Retrying, ${attempt} of ${of}`, tone: "amber", icon: "again", delayMs, reason }
}

/** `calculator, current_time` and how often, in the order of first use. */
export function namesOf(calls) {
  const counts = new Map()
  for (const { name } of calls) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count > 1 ? `${name} ×${count}` : name)).join(", ")
}

/** How long calls took together: those of one batch ran side by side, batches one after the other. */
export function timeOf(calls) {
  const longest = new Map()
  for (const { batch, durationMs } of calls) longest.set(batch, Math.max(longest.get(batch) ?? 0, durationMs ?? 0))
  return [...longest.values()].reduce((sum, ms) => sum + ms, 0)
}
