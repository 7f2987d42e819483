/** The states of a run as a person reads them: one name, one word, one colour each. */
import { OPEN_CALL, UNFINISHED } from "./conversation.js"
import { awaited } from "./people.js"
import { ordinal } from "./words.js"

/** What a person can do about a limit, by the code of the error. */
const HINTS = {
  max_tokens: "What was said so far is kept. A narrower question needs fewer.",
  max_cost: "What was said so far is kept. A narrower question costs less.",
  max_time: "What was said so far is kept. A narrower question takes less time.",
  daily_limit: "Your question is kept; ask it again then.",
}
const HOPELESS = new Set(["daily_limit"])      // asking again now ends the same way

/** → { name, words, tone, icon, reason? }, or null when the answer speaks for itself. */
export function phaseOf(run, { place = 1, isStopping = false, viewer = null } = {}) {
  if (isStopping && UNFINISHED.has(run.status)) return { name: "stopping", words: "Stopping …", tone: "grey", icon: "stop" }
  switch (run.status) {
    case "queued":
      return { name: "queued", words: place > 1 ? `Queued (${ordinal(place)} in line)` : "Queued", tone: "grey", icon: "clock" }
    case "waiting":
      if (tasksOf(run).length && !run.interrupts.length) return working(run)
      return { name: "waiting", words: waiting(run, viewer), tone: "amber", icon: "clock" }
    case "running":
      return run.retry ? retrying(run.retry) : working(run)
    case "cancelled":
      return { name: "cancelled", words: "Stopped by you", tone: "grey", icon: "stop" }
    case "failed":
      return failed(run)
    default:
      return null
  }
}

export function canRetry(run) {
  return run.status === "cancelled" || (run.status === "failed" && !HOPELESS.has(run.error?.code))
}

/** Whether its question may still be put otherwise, as far as the page knows. */
export function isUntouched(run) {
  return run.status === "queued" && run.parts.length === 0
}

export const CALL_PHASES = {
  asked: { words: "Waiting to start", tone: "grey", icon: "clock" },
  started: { words: "Running", tone: "accent", icon: "working" },
  delegated: { words: "Another agent is at work", tone: "accent", icon: "working" },
  succeeded: { words: "Done", tone: "grey", icon: "check" },
  failed: { words: "Failed", tone: "red", icon: "alert" },
  timed_out: { words: "Took too long", tone: "red", icon: "clock" },
  invalid: { words: "Not run: the arguments were not valid", tone: "amber", icon: "alert" },
  cancelled: { words: "Stopped", tone: "grey", icon: "stop" },
  awaiting_approval: { words: "Waiting for approval", tone: "amber", icon: "clock" },
  denied: { words: "Not allowed", tone: "grey", icon: "close" },
  unsettled: { words: "Interrupted; it is not known whether it took effect", tone: "amber", icon: "alert" },
  outcome_unknown: { words: "Interrupted; an operator will settle it", tone: "amber", icon: "alert" },
}

function waiting(run, viewer) {
  const whom = viewer && awaited(run.interrupts, viewer)
  return whom ? `Waiting for ${whom}` : "Waiting"
}

function failed({ error }) {
  const hint = HINTS[error?.code]
  const phase = { words: error?.message || "This could not be answered.", reason: hint }
  return hint ? { name: "limited", tone: "amber", icon: "alert", ...phase } : { name: "failed", tone: "red", icon: "alert", ...phase }
}

/** The calls other agents are at work on. Nobody tells when a run comes to wait for them alone: it is seen here. */
function tasksOf(run) {
  return run.parts.filter((part) => part.status === "delegated")
}

function working(run) {
  const tasks = tasksOf(run)
  const calls = run.parts.filter((part) => part.kind === "call" && OPEN_CALL.has(part.status) && !tasks.includes(part))
  if (tasks.length && !calls.length) return { name: "children", words: `Waiting for ${tasks.length} child agent${tasks.length === 1 ? "" : "s"}`, tone: "amber", icon: "clock" }
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
