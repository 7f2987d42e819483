/**
 * What was said and is not yet known to be kept: a list of messages that survives a reload of the page.
 *
 * entry { id, chat, threadId, agent, version, isTemporary, text, attachments, state: "sending" | "refused", runId, error }
 *
 * `chat` ties the messages of a new conversation together until the first answer gives them a thread.
 */

export function withMessage(entries, { id, chat, threadId = null, agent = null, version = null, isTemporary = false, text, attachments = [] }) {
  return [...entries, { id, chat, threadId, agent, version, isTemporary, text, attachments, state: "sending", runId: null, error: null }]
}

/** The commands to send now. In a new conversation only the first may go; the others need the thread it will get. */
export function commandsIn(entries) {
  return entries.filter((entry) => mayGo(entry, entries)).map((entry) => ({
    type: "run.start", id: entry.id, text: entry.text, ...files(entry), ...(entry.threadId ? { threadId: entry.threadId } : newConversation(entry)),
  }))
}

function files({ attachments = [] }) {
  return attachments.length ? { attachments: attachments.map(({ id }) => id) } : {}
}

function newConversation({ agent, version, isTemporary }) {
  return { ...(agent && { agent }), ...(version && { version }), ...(isTemporary && { temporary: true }) }
}

/** After an answer of the server: accepted, with the thread for all of its chat, or refused with the reason. */
export function answered(entries, answer) {
  const entry = entries.find(({ id }) => id === answer.id)
  if (!entry) return entries
  if (answer.type === "nack") return entries.map((other) => (other === entry ? { ...entry, state: "refused", error: answer.error } : other))
  return entries.map((other) => {
    if (other === entry) return { ...entry, state: "accepted", runId: answer.runId, threadId: answer.threadId }
    return other.chat === entry.chat ? { ...other, threadId: other.threadId ?? answer.threadId } : other
  })
}

/** Without the accepted messages whose runs are on the page. */
export function withoutShown(entries, runs) {
  const rest = entries.filter((entry) => entry.state !== "accepted" || !runs[entry.runId]?.question?.text)
  return rest.length === entries.length ? entries : rest
}

export function without(entries, id) {
  return entries.filter((entry) => entry.id !== id)
}

export function ofChat(entries, { chat, threadId }) {
  return entries.filter((entry) => (entry.threadId ? entry.threadId === threadId : entry.chat === chat))
}

function mayGo(entry, entries) {
  if (entry.state !== "sending") return false
  if (entry.threadId) return true
  return entries.find((other) => other.chat === entry.chat && other.state === "sending") === entry
}
