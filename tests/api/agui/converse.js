/** A conversation by the official AG-UI client, as a program would hold it. Prints what the client made of it as JSON. */
import { HttpAgent, buildResumeArray } from "@ag-ui/client"

const { URL_OF_AGENT, TOKEN } = process.env
const told = {}

function agent(threadId, token = TOKEN) {
  return new HttpAgent({ url: URL_OF_AGENT, threadId, headers: { Authorization: `Bearer ${token}` } })
}

/** One run: what the client knows afterwards, and which events came. */
async function run(client, parameters) {
  const kinds = []
  const errors = []
  const subscriber = {
    onEvent: ({ event }) => void kinds.push(event.type),
    onRunErrorEvent: ({ event }) => void errors.push(event),
    onRunFailed: ({ error }) => (errors.push({ message: String(error), status: error.status }), { stopPropagation: true }),
  }
  await client.runAgent(parameters, subscriber)
  return structuredClone({ kinds, errors, messages: client.messages, interrupts: client.pendingInterrupts })
}

function say(client, content) {
  client.addMessage({ id: crypto.randomUUID(), role: "user", content })
}

const client = agent("official client")
say(client, "Hello")
told.text = await run(client, { runId: "text" })

say(client, "What is 6 × 7?")
told.tool = await run(client, { runId: "tool" })

say(client, "Pay Ann")
told.paused = await run(client, { runId: "pay" })
const answers = Object.fromEntries(client.pendingInterrupts.map(({ id }) => [id, { status: "resolved", payload: { approved: true } }]))
told.resumed = await run(client, { runId: "pay on", resume: buildResumeArray(client.pendingInterrupts, answers) })

say(client, "Fail")
told.failed = await run(client, { runId: "fail" })

const returning = agent("official client")
say(returning, "Hello")
told.again = await run(returning, { runId: "text" })

const stranger = agent("official client", "plb_wrong")
say(stranger, "Hello")
told.refused = await run(stranger, { runId: "stranger" })

console.log(JSON.stringify(told))
