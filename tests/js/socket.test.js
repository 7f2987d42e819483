import assert from "node:assert/strict"
import { test } from "node:test"

import { pauseBefore, Socket } from "../../static/js/lib/socket.js"

/** A socket on pretend connections and a pretend clock. */
function bench({ waiting = [], resume = [], random = () => 0 } = {}) {
  const connections = []
  const timers = new Map()
  const heard = { events: [], answers: [], states: [] }
  let count = 0
  const clock = {
    setTimeout: (run, after) => { timers.set(++count, { run, after }); return count },
    clearTimeout: (id) => timers.delete(id),
  }
  const open = () => {
    const connection = { readyState: 0, sent: [], send(text) { this.sent.push(JSON.parse(text)) }, close() { this.readyState = 3 } }
    connections.push(connection)
    return connection
  }
  const socket = new Socket({ open, clock, random, handlers: {
    resume: () => resume, waiting: () => waiting,
    answered: (answer) => heard.answers.push(answer), event: (event) => heard.events.push(event), state: (name) => heard.states.push(name),
  } })
  const opened = () => { connections.at(-1).readyState = 1; connections.at(-1).onopen() }
  const pass = (after) => { const [id, timer] = [...timers].find(([, one]) => one.after === after); timers.delete(id); timer.run() }
  return { socket, connections, timers, heard, opened, pass }
}

test("the pause grows, is random, and stays between half a second and half a minute", () => {
  assert.equal(pauseBefore(0, () => 0), 500)
  assert.equal(pauseBefore(0, () => 1), 1000)
  assert.equal(pauseBefore(3, () => 1), 8000)
  assert.equal(pauseBefore(50, () => 1), 30_000)
})

test("on every connection the subscriptions go first, then what is not answered yet", () => {
  const { socket, connections, opened, pass } = bench({ resume: [{ type: "subscribe" }], waiting: [{ type: "run.start", id: "1" }] })
  socket.connect()
  opened()
  connections[0].onclose({ code: 1006 })
  pass(500)
  opened()

  for (const connection of connections) assert.deepEqual(connection.sent.map(({ type }) => type), ["subscribe", "run.start"])
  assert.equal(connections[1].sent[1].id, "1")
})

test("a line that is silent for 45 seconds is given up", () => {
  const { socket, connections, heard, opened, pass } = bench()
  socket.connect()
  opened()

  pass(45_000)

  assert.equal(connections[0].readyState, 3)
  assert.deepEqual(heard.states, ["open", "away"])
  pass(500)
  assert.equal(connections.length, 2)
})

test("an open line is asked for a sign of life", () => {
  const { socket, connections, opened, pass } = bench()
  socket.connect()
  opened()

  pass(15_000)

  assert.deepEqual(connections[0].sent.map(({ type }) => type), ["ping"])
})

test("when the network is back the pause is not sat out", () => {
  const { socket, connections, opened } = bench()
  socket.connect()
  opened()
  connections[0].onclose({ code: 1001 })

  socket.hurry()

  assert.equal(connections.length, 2)
})

test("answers and events go their own ways", () => {
  const { socket, connections, heard, opened } = bench()
  socket.connect()
  opened()

  connections[0].onmessage({ data: '{"type":"ack","id":"1"}' })
  connections[0].onmessage({ data: '{"type":"RUN_STARTED"}' })

  assert.deepEqual([heard.answers.length, heard.events.length], [1, 1])
})

test("what was read is confirmed, so that more may come", () => {
  const { socket, connections, opened, pass } = bench()
  const frame = (length) => ({ data: JSON.stringify({ type: "TEXT_MESSAGE_CONTENT", delta: "x".repeat(length) }) })
  socket.connect()
  opened()

  connections[0].onmessage(frame(20_000))
  assert.deepEqual(connections[0].sent, [])
  connections[0].onmessage(frame(20_000))
  connections[0].onmessage(frame(40_000))
  assert.deepEqual(connections[0].sent, [{ type: "got", frames: 2 }, { type: "got", frames: 3 }])

  connections[0].onclose({ code: 4408 })
  pass(500)
  opened()
  connections[1].onmessage(frame(40_000))
  assert.deepEqual(connections[1].sent, [{ type: "got", frames: 1 }])
})

test("a server that opens and shows out at once is not hurried at", () => {
  const { socket, connections, opened, pass } = bench({ random: () => 1 })
  socket.connect()

  for (const pause of [1000, 2000, 4000]) {
    opened()
    connections.at(-1).onclose({ code: 4401 })
    pass(pause)
  }

  assert.equal(connections.length, 4)
})

test("an old connection that wakes up late is not heard", () => {
  const { socket, connections, opened, pass } = bench()
  socket.connect()
  opened()
  const late = connections[0]
  pass(45_000)

  assert.equal(late.onmessage, null)
})
