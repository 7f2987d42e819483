/**
 * The one reducer: what is on the page is these events, folded; whether they come live or with the page.
 *
 * state  { threadId, runs: {id: run}, order: [id], gone: [id], missed: [id] }
 * run    { id, parent, status, agent, position, isDemo, epoch, seq, question, parts, interrupts, retry, warning, error, … }
 * part   { kind: "text", id, text, isOpen, isInterrupted }
 *      | { kind: "call", id, batch, name, args, isEdited, decisions, status, durationMs, result }
 *      | { kind: "handoff", id, from, to, reason, confidence }
 *      | { kind: "compaction", id, turns, summary }: from here on the oldest turns are read as that summary
 *
 * `memories` are what the answer was reminded of: [{ id, text, kind, saidAt, threadId }].
 * A run with a `parent` { runId, toolCallId } is another agent's work on one of that run's calls, and shown there.
 *
 * A state is never changed; what did not change stays the same object, so that a view can compare by identity.
 */

export const UNFINISHED = new Set(["queued", "running", "waiting"])
export const OPEN_CALL = new Set(["asked", "started", "delegated"])

export function emptyConversation(threadId = null) {
  return { threadId, runs: {}, order: [], gone: [], missed: [] }
}

export function fold(state, events) {
  return events.reduce(apply, state)
}

export function apply(state, event) {
  const { runId = event.runId, seq, epoch = 0 } = event.metadata ?? {}
  if (state.gone.includes(runId)) return state
  if (event.name === "run.removed") return withoutRun(state, event.value.runId)
  if (event.type === "RUN_STARTED") return startRun(state, runId, event)
  const run = state.runs[runId]
  if (!run) return missed(state, runId)
  if (epoch < run.epoch || (seq !== undefined && seq <= run.seq)) return state
  if (seq !== undefined && run.seq !== null && seq > run.seq + 1) return missed(state, runId)
  return withRun(state, { ...changed(run, event), seq: seq ?? run.seq })
}

/** The runs from the first question to the last, without those inside others. */
export function runsOf(state) {
  return state.order.map((id) => state.runs[id]).filter((run) => !run.parent)
}

/** All that stands inside a run, however deep. */
export function familyOf(state, id) {
  const children = state.order.map((other) => state.runs[other]).filter((run) => run.parent?.runId === id)
  return children.flatMap((run) => [run, ...familyOf(state, run.id)])
}

export function unfinishedRuns(state) {
  return runsOf(state).filter((run) => UNFINISHED.has(run.status))
}

/** The gaps are being asked for: forget them, so that they are not asked for twice. */
export function withoutMissed(state) {
  return state.missed.length ? { ...state, missed: [] } : state
}

/** How a client says which event of a run is the last it has. */
export function placeIn(run) {
  const isWhole = run.seq !== null && run.seq >= run.upTo       // a part of a snapshot is no place to go on from
  return !isWhole ? {} : { runId: run.id, after: run.seq, epoch: run.epoch }
}

/** The newest event the client has, to be named when it subscribes again. */
export function lastSeen(state) {
  const run = unfinishedRuns(state)[0] ?? runsOf(state).at(-1)
  return run ? placeIn(run) : {}
}

function startRun(state, id, event) {
  const { seq = null, epoch = 0, status = "running", agent = null, position, parent = null, replaces, upTo = 0, isDemo = false } = event.metadata ?? {}
  const known = state.runs[id]
  if (known && epoch < known.epoch) return state
  const run = {
    id, parent, status, agent, isDemo, epoch, seq, upTo,
    position: position ?? known?.position ?? state.order.length,
    question: null,
    parts: [],
    memories: [],
    interrupts: [],
    retry: null,
    warning: null,
    error: null,
    askedAt: event.timestamp ?? null,
    durationMs: null,
    costUsd: null,
  }
  const others = replaces ? withoutRun(state, replaces) : state
  const runs = { ...others.runs, [id]: run }
  return { ...others, threadId: event.threadId ?? state.threadId, runs, order: inOrder(runs), missed: others.missed.filter((other) => other !== id) }
}

/** Replaced or withdrawn: whatever else is said of it counts no more. */
function withoutRun(state, id) {
  const { [id]: removed, ...runs } = state.runs
  return { ...state, runs, order: inOrder(runs), gone: [...state.gone, id], missed: state.missed.filter((other) => other !== id) }
}

function inOrder(runs) {
  return Object.keys(runs).sort((a, b) => runs[a].position - runs[b].position)
}

function changed(run, event) {
  switch (event.type) {
    case "TEXT_MESSAGE_START":
      return event.role === "user"
        ? { ...run, question: { id: event.messageId, text: "", attachments: event.metadata?.attachments ?? [] } }
        : going(withPart(run, { kind: "text", id: event.messageId, text: "", isOpen: true, isInterrupted: false }))
    case "TEXT_MESSAGE_CONTENT":
      return event.messageId === run.question?.id
        ? { ...run, question: { ...run.question, text: run.question.text + event.delta } }
        : going(changedPart(run, event.messageId, (part) => ({ text: part.text + event.delta })))
    case "TEXT_MESSAGE_END":
      return changedPart(run, event.messageId, () => ({ isOpen: false, isInterrupted: Boolean(event.metadata?.interrupted) }))
    case "TOOL_CALL_START":
      return going(withPart(run, {
        kind: "call", id: event.toolCallId, batch: event.parentMessageId ?? null, name: event.toolCallName,
        args: "", isEdited: false, decisions: [], status: "asked", durationMs: null, result: null,
      }))
    case "TOOL_CALL_ARGS":
      return changedPart(run, event.toolCallId, (part) => ({ args: part.args + event.delta }))
    case "TOOL_CALL_RESULT":
      return changedPart(run, event.toolCallId, () => ({ result: event.content }))
    case "CUSTOM":
      return customised(run, event)
    case "RUN_FINISHED":
      return event.outcome?.type === "interrupt"
        ? { ...run, status: "waiting", interrupts: event.outcome.interrupts, retry: null }
        : ended(run, event, event.outcome?.type === "cancelled" ? "cancelled" : "completed")
    case "RUN_ERROR":
      return { ...ended(run, event, "failed"), error: { message: event.message, code: event.code ?? "" } }
    default:
      return run      // an event of a later version says nothing to this page
  }
}

function customised(run, { name, value }) {
  switch (name) {
    case "tool.status":
      return changedPart(run, value.toolCallId, (part) => ({ status: value.status, durationMs: value.durationMs ?? part.durationMs }))
    case "tool.decided":
      return changedPart(run, value.toolCallId, (part) => ({
        decisions: value.decisions, args: value.arguments ?? part.args, isEdited: value.arguments !== undefined,
      }))
    case "llm.retry":
      return { ...run, retry: value }
    case "handoff":
      return withPart({ ...run, agent: value.to }, { kind: "handoff", id: `handoff-${value.to.slug}`, ...value })
    case "memory.used":
      return { ...run, memories: value.memories }
    case "memory.compacted":
      return going(withPart(withoutSummaryAtEnd(run), { kind: "compaction", ...value }))
    case "limit.warning":
      return { ...run, warning: value }
    case "message.superseded":
      return { ...run, parts: run.parts.filter((part) => part.id !== value.messageId) }
    default:
      return run
  }
}

function ended(run, event, status) {
  const { durationMs = null, costUsd = null } = event.metadata ?? {}
  const parts = run.parts.map((part) => (part.kind === "text" && part.isOpen ? { ...part, isOpen: false } : part))
  return { ...run, status, durationMs, costUsd, parts, retry: null }
}

/** The LLM is heard again: a retry that was announced is over. */
function going(run) {
  return run.retry ? { ...run, retry: null } : run
}

function withPart(run, part) {
  return { ...run, parts: [...run.parts.filter((other) => other.id !== part.id), part] }
}

/** Of summaries that follow each other at once only the last one stands: it has taken in the others. */
function withoutSummaryAtEnd(run) {
  return run.parts.at(-1)?.kind === "compaction" ? { ...run, parts: run.parts.slice(0, -1) } : run
}

function changedPart(run, id, change) {
  return { ...run, parts: run.parts.map((part) => (part.id === id ? { ...part, ...change(part) } : part)) }
}

function withRun(state, run) {
  return { ...state, runs: { ...state.runs, [run.id]: run } }
}

function missed(state, runId) {
  return state.missed.includes(runId) ? state : { ...state, missed: [...state.missed, runId] }
}
