/** The chat page: ties the socket, the reducer and the outbox to the elements. What anything means or looks like is elsewhere. */
import { announce } from "../elements/dom.js"
import "../elements/chat_composer.js"
import "../elements/chat_transcript.js"
import "../elements/connect_panel.js"
import "../elements/first_visit.js"
import "../elements/menu_button.js"
import "../elements/reading_place.js"
import "../elements/side_bar.js"
import "../elements/temporary_switch.js"
import "../elements/theme_choice.js"
import { apply, emptyConversation, fold, lastSeen, placeIn, unfinishedRuns, withoutMissed } from "../lib/conversation.js"
import { Deeds } from "../lib/deeds.js"
import { fragment, LoggedOut, post } from "../lib/http.js"
import * as outbox from "../lib/outbox.js"
import { placeOf } from "../lib/people.js"
import { phaseOf } from "../lib/phases.js"
import { Socket } from "../lib/socket.js"

const data = JSON.parse(document.getElementById("page-data").textContent)
const person = document.body.dataset.person
const part = (name) => document.querySelector(name)
const transcript = part("chat-transcript")
const composer = part("chat-composer")
const place = part("reading-place")
const firstVisit = part("first-visit")
const away = part("[data-away]")
const temporary = part("temporary-switch")

const OUTBOX = `plumbline:outbox:${person}`
const AWAY_IS_SAID_AFTER = 1000
const ASK_AGAIN_AFTER = 1000
const ASK_WHY_AT = 2            // the third attempt in a row that fails
const NOT_LOGGED_IN = 4401

let state = fold(emptyConversation(data.threadId), data.events)
let entries = JSON.parse(sessionStorage.getItem(OUTBOX) ?? "[]").filter((entry) => entry.state !== "accepted")
let viewer = data.viewer
let feedback = data.feedback
let agent = data.agent
let chat = data.threadId ?? entries.find((entry) => !entry.threadId)?.chat ?? crypto.randomUUID()
const stopping = new Set()        // ids of runs
let isTemporary = data.isTemporary || entries.some((entry) => entry.chat === chat && entry.isTemporary)
let hasAddress = Boolean(data.threadId)
let isAway = false
let awayTimer = null
let askedAt = 0
let frame = null

const socket = new Socket({
  open: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`),
  handlers: {
    resume: () => (state.threadId ? [subscription()] : []),
    waiting: () => [...outbox.commandsIn(entries), ...deeds.commands],
    answered,
    event: heard,
    state: connectionChanged,
  },
})

const deeds = new Deeds((command) => socket.send(command))

begin()

function begin() {
  composer.begin({ draftKey: draftKey(), send, stop })
  firstVisit.begin({ agents: data.agents, agent, ask: (text) => send(text), choose: (slug) => { agent = slug } })
  temporary.begin({ isTemporary, change: (wanted) => { isTemporary = wanted } })
  draw()
  place.begin(`plumbline:place:${state.threadId ?? "new"}`, { isEmpty: !firstVisit.hidden })
  socket.connect()
  addEventListener("online", () => socket.hurry())
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && socket.hurry())
  document.addEventListener("renamed", (event) => entitle(event.detail))
  document.addEventListener("click", copyCode)
  addEventListener("beforeunload", (event) => entries.some((entry) => entry.state === "sending") && isAway && event.preventDefault())
  for (const button of document.querySelectorAll("[data-opens]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal())
  }
  for (const button of document.querySelectorAll("[data-closes]")) {
    button.addEventListener("click", () => button.closest("dialog").close())
  }
}

// What the person does

function send(text, attachments = []) {
  const message = { id: crypto.randomUUID(), chat, threadId: state.threadId, agent: state.threadId ? null : agent, version: data.tried?.version, isTemporary, text, attachments }
  keep(outbox.withMessage(entries, message))
  const command = outbox.commandsIn(entries).find(({ id }) => id === message.id)
  if (command) socket.send(command)
  draw()
  place.toEnd()
}

function stop() {
  const [run] = unfinishedRuns(state)
  if (run) cancel(run)
}

function cancel(run) {
  stopping.add(run.id)
  drawSoon()
  deeds.do({ type: "run.cancel", runId: run.id }).catch((refused) => {
    stopping.delete(run.id)
    announce(refused.message)
    drawSoon()
  })
}

function retry(run) {
  deeds.do({ type: "run.retry", runId: run.id }).catch((refused) => announce(refused.message))
  place.toEnd()
}

function edit(run, text) {
  return deeds.do({ type: "question.edit", runId: run.id, text })
}

function withdraw(run) {
  return deeds.do({ type: "question.withdraw", runId: run.id })
}

/** said { decision, args?, comment?, digest } */
async function decide(interrupt, said) {
  await deeds.do({ type: "approval.decide", approvalId: interrupt.id, ...said })
  viewer = { ...viewer, decided: [...viewer.decided, placeOf(interrupt)] }
  drawSoon()
}

async function rate(run, isPositive, comment) {
  await post(`/runs/${run.id}/feedback`, { isPositive, comment })
  feedback = { ...feedback, [run.id]: isPositive === null ? null : { isPositive, comment } }
  drawSoon()
}

// What the server says

function heard(event) {
  if (!isOfThisPage(event)) return
  const before = state
  state = apply(state, event)
  if (event.name === "run.removed") keep(entries.filter((entry) => entry.runId !== event.value.runId))
  if (!hasAddress) settle(state.threadId)       // events may overtake the answer to the command
  if (state.missed.length) askForMissed()
  say(before, event)
  if (state !== before && event.type === "TEXT_MESSAGE_CONTENT") place.tell()
  drawSoon()
}

function answered(answer) {
  const entry = entries.find(({ id }) => id === answer.id)
  if (!entry) return deeds.answered(answer)
  const isHere = entry.chat === chat
  keep(outbox.answered(entries, answer))
  if (answer.type === "ack" && isHere && !hasAddress) settle(answer.threadId)
  for (const command of outbox.commandsIn(entries)) {
    if (entries.find(({ id }) => id === command.id).chat === entry.chat) socket.send(command)
  }
  part("side-bar").reload()
  drawSoon()
}

/** The connection may also hear of a conversation whose message was kept by an earlier page. */
function isOfThisPage(event) {
  const { threadId } = event.metadata ?? {}
  if (state.threadId) return threadId === state.threadId
  return entries.some((entry) => entry.chat === chat && (entry.threadId ?? threadId) === threadId)
}

/** A new conversation has its thread: give the page its address. */
function settle(threadId) {
  if (!threadId) return
  hasAddress = true
  state = { ...state, threadId }
  history.replaceState(null, "", `/c/${threadId}/`)
  composer.moveDraft(draftKey())
  const first = entries.find((entry) => entry.chat === chat)
  entitle(first?.text.split("\n")[0].slice(0, 120) ?? "")
}

function connectionChanged(name, attempt, code) {
  clearTimeout(awayTimer)
  if (name === "open") {
    if (isAway) announce("Connected again")
    isAway = false
    return drawSoon()
  }
  if (attempt === ASK_WHY_AT || code === NOT_LOGGED_IN) askWhetherLoggedOut()
  if (isAway) return
  awayTimer = setTimeout(() => { isAway = true; announce("Reconnecting; nothing is lost"); drawSoon() }, AWAY_IS_SAID_AFTER)
}

async function askWhetherLoggedOut() {
  const error = await fragment("/c/search").then(() => null, (problem) => problem)
  part("[data-logged-out]").hidden = !(error instanceof LoggedOut)
}

function askForMissed() {
  const now = performance.now()
  if (now - askedAt < ASK_AGAIN_AFTER) return
  askedAt = now
  const run = state.runs[state.missed[0]]
  const have = run ? placeIn(run) : {}
  state = withoutMissed(state)
  socket.send({ type: "subscribe", id: crypto.randomUUID(), threadId: state.threadId, ...have })
}

function subscription() {
  const queued = unfinishedRuns(state).filter((run) => run.status === "queued").map(({ id }) => id)
  return { type: "subscribe", id: crypto.randomUUID(), threadId: state.threadId, ...lastSeen(state), queued }
}

// What is shown

function drawSoon() {
  frame ??= requestAnimationFrame(() => { frame = null; draw() })
}

function draw() {
  keep(outbox.withoutShown(entries, state.runs))
  const unsent = outbox.ofChat(entries, { chat, threadId: state.threadId })
  const live = unfinishedRuns(state)
  transcript.show(state, { options, unsent, isAway, resend, discard })
  firstVisit.hidden = state.order.length > 0 || unsent.length > 0
  temporary.hidden = hasAddress || firstVisit.hidden
  composer.show({
    isRunning: live.length > 0,
    isStopping: live.length > 0 && stopping.has(live[0].id),
    note: noteOf(live),
  })
  away.hidden = !isAway
}

function noteOf([run]) {
  if (!run) return ""
  return run.status === "waiting" ? "A new message waits until this is decided." : "You can go on writing: the next question is queued."
}

function options(run) {
  return {
    isStopping: stopping.has(run.id),
    thumb: feedback[run.id] ?? null,
    viewer,
    retry: () => retry(run),
    edit: (text) => edit(run, text),
    withdraw: () => withdraw(run),
    askAnew: (text) => send(text),
    decide,
    settleUrl: ({ metadata, id }) => (data.canSettle && metadata.kind === "settlement" ? `/admin/agents/settlement/call/${id}/` : null),
    rate: (isPositive, comment) => rate(run, isPositive, comment),
    traceUrl: data.canSeeTraces ? `/admin/observability/trace/${run.id}/` : null,
  }
}

function resend(entry) {
  discard(entry)
  composer.write(entry.text, entry.attachments)
}

function discard(entry) {
  keep(outbox.without(entries, entry.id))
  drawSoon()
}

/** Screen readers hear when the state of an answer changes, not every word of it. */
function say(before, event) {
  const runId = event.metadata?.runId
  const [old, now] = [before.runs[runId], state.runs[runId]]
  if (!now || old === now) return
  const phase = phaseOf(now, { viewer })
  if (now.status === "completed") announce("The answer is complete")
  else if (phase && phase.words !== (old && phaseOf(old, { viewer })?.words)) announce(phase.words)
}

function entitle(title) {
  const shown = title || "New conversation"
  document.title = `${shown} · Plumbline`
  document.querySelector("[data-page-title]").textContent = shown
}

function keep(changed) {
  if (changed === entries) return
  entries = changed
  sessionStorage.setItem(OUTBOX, JSON.stringify(entries))
}

function draftKey() {
  return `plumbline:draft:${person}:${state.threadId ?? "new"}`
}

async function copyCode(event) {
  const button = event.target.closest("button[data-copy]")
  if (!button) return
  const isCopied = await navigator.clipboard.writeText(button.closest(".code").querySelector("code").textContent).then(() => true, () => false)
  button.textContent = isCopied ? "Copied" : "Not allowed"
  setTimeout(() => { button.textContent = "Copy" }, 1600)
}
