/** A conversation by the official AG-UI client, as a program would hold it. Prints what the client made of it as JSON. */
import { HttpAgent, buildResumeArray } from "@ag-ui/client"

const { URL_OF_AGENT, URL_OF_TEAM, TOKEN } = process.env
const told = {}

function agent(threadId, token = TOKEN, url = URL_OF_AGENT) {
  return new HttpAgent({ url, threadId, headers: { Authorization: `Bearer ${token}` } })
}

/** One run: what the client knows afterwards, and which events came. */
async function run(client, parameters) {
  const kinds = []
  const subagents = []
  const errors = []
  const subscriber = {
    onEvent: ({ event }) => void kinds.push(event.type),
    onSubagentStartedEvent: ({ event }) => void subagents.push(event),
    onSubagentFinishedEvent: ({ event }) => void subagents.push(event),
    onRunErrorEvent: ({ event }) => void errors.push(event),
    onRunFailed: ({ error }) => (errors.push({ message: String(error), status: error.status }), { stopPropagation: true }),
  }
  await client.runAgent(parameters, subscriber)
  return structuredClone({ kinds, errors, subagents, messages: client.messages, interrupts: client.pendingInterrupts })
}

function say(client, content) {
  client.addMessage({ id: crypto.randomUUID(), role: "user", content })
}

/** Say yes to everything that is asked. */
function approve(client, runId) {
  const yes = { status: "resolved", payload: { approved: true } }
  const answers = Object.fromEntries(client.pendingInterrupts.map(({ id }) => [id, yes]))
  return run(client, { runId, resume: buildResumeArray(client.pendingInterrupts, answers) })
}

const client = agent("official client")
say(client, "Hello")
told.text = await run(client, { runId: "text" })

say(client, "What is 6 × 7?")
told.tool = await run(client, { runId: "tool" })

say(client, "Pay Ann")
told.paused = await run(client, { runId: "pay" })
told.resumed = await approve(client, "pay on")

say(client, "Fail")
told.failed = await run(client, { runId: "fail" })

const returning = agent("official client")
say(returning, "Hello")
told.again = await run(returning, { runId: "text" })

const team = agent("official team", TOKEN, URL_OF_TEAM)
say(team, "Pay the rent")
told.team = await run(team, { runId: "team" })
told.teamResumed = await approve(team, "team on")

const stranger = agent("official client", "plb_wrong")
say(stranger, "Hello")
told.refused = await run(stranger, { runId: "stranger" })

console.log(JSON.stringify(told))
