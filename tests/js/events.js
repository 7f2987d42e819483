/** Events of a run as the server sends them: numbered, each with the id of its run. */

export function run(id, { position = 0, epoch = 1, first = 1, status = "running", ...more } = {}) {
  let seq = first - 1
  const threadId = "thread-1"
  const numbered = (event) => ({ ...event, metadata: { ...event.metadata, seq: ++seq, runId: id, threadId, epoch } })
  return {
    started: (metadata = {}) => numbered({
      type: "RUN_STARTED", threadId, runId: id, timestamp: 0,
      metadata: { status, agent: { slug: "assistant", name: "Assistant" }, position, isDemo: false, ...more, ...metadata },
    }),
    asked: (text) => [
      numbered({ type: "TEXT_MESSAGE_START", messageId: `${id}-question`, role: "user" }),
      numbered({ type: "TEXT_MESSAGE_CONTENT", messageId: `${id}-question`, delta: text }),
      numbered({ type: "TEXT_MESSAGE_END", messageId: `${id}-question` }),
    ],
    opens: (messageId) => numbered({ type: "TEXT_MESSAGE_START", messageId, role: "assistant" }),
    writes: (messageId, delta) => numbered({ type: "TEXT_MESSAGE_CONTENT", messageId, delta }),
    closes: (messageId, metadata = {}) => numbered({ type: "TEXT_MESSAGE_END", messageId, metadata }),
    calls: (toolCallId, name, args = {}, batch = "message-1") => [
      numbered({ type: "TOOL_CALL_START", toolCallId, toolCallName: name, parentMessageId: batch }),
      numbered({ type: "TOOL_CALL_ARGS", toolCallId, delta: JSON.stringify(args) }),
      numbered({ type: "TOOL_CALL_END", toolCallId }),
    ],
    tool: (toolCallId, status, durationMs) => numbered({ type: "CUSTOM", name: "tool.status", value: { toolCallId, status, durationMs } }),
    gets: (toolCallId, content) => numbered({ type: "TOOL_CALL_RESULT", messageId: `${toolCallId}-result`, toolCallId, content }),
    decides: (toolCallId, decisions, more = {}) => numbered({ type: "CUSTOM", name: "tool.decided", value: { toolCallId, decisions, ...more } }),
    handsOver: (slug, reason, confidence) => numbered({
      type: "CUSTOM", name: "handoff",
      value: { from: { slug: "assistant", name: "Assistant" }, to: { slug, name: slug }, reason, confidence },
    }),
    isReminded: (...memories) => numbered({ type: "CUSTOM", name: "memory.used", value: { memories } }),
    summarises: (id, turns, summary) => numbered({ type: "CUSTOM", name: "memory.compacted", value: { id, turns, summary } }),
    warns: (limit, message) => numbered({ type: "CUSTOM", name: "limit.warning", value: { limit, message } }),
    waits: (...interrupts) => numbered({ type: "RUN_FINISHED", threadId, runId: id, outcome: { type: "interrupt", interrupts } }),
    removed: () => ({ type: "CUSTOM", name: "run.removed", value: { runId: id }, metadata: { seq: 0, runId: id, threadId, epoch: 0 } }),
    retries: (value) => numbered({ type: "CUSTOM", name: "llm.retry", value }),
    supersedes: (messageId) => numbered({ type: "CUSTOM", name: "message.superseded", value: { messageId, reason: "broken" } }),
    finishes: (type = "success") => numbered({ type: "RUN_FINISHED", threadId, runId: id, outcome: { type }, metadata: { durationMs: 1800, costUsd: null } }),
    fails: (message) => numbered({ type: "RUN_ERROR", message, code: "llm_error", metadata: { durationMs: 900 } }),
  }
}
