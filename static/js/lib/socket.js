/**
 * The socket that comes back: after any close, with growing random pauses; commands are kept until they are answered
 * and sent again with the same id, so that nothing is lost and nothing happens twice.
 *
 * Everything outside is passed in: `open` makes a WebSocket, `clock` has setTimeout and clearTimeout, `random` is in [0, 1).
 */

const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30_000
const PING_EVERY = 15_000
const DEAD_AFTER = 45_000
const CONFIRM_EVERY = 32_768    // characters; the server keeps to a window of eight times as much

/** Full jitter: anywhere from half a second to a limit that doubles with each attempt. */
export function pauseBefore(attempt, random = Math.random) {
  const limit = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt + 1))
  return FIRST_PAUSE + random() * (limit - FIRST_PAUSE)
}

export class Socket {
  #open
  #clock
  #random
  #handlers
  #connection = null
  #attempt = 0
  #timers = {}
  #frames = 0             // read on this connection …
  #unconfirmed = 0        // … and how many characters of them the server does not know of

  /** handlers: resume() → commands to send first on every connection; waiting() → unanswered commands; answered(ack); event(event); state(name, attempt, code). */
  constructor({ open, clock = globalThis, random = Math.random, handlers }) {
    this.#open = open
    this.#clock = clock
    this.#random = random
    this.#handlers = handlers
  }

  connect() {
    this.#stop("retry")
    this.#abandon()
    const connection = (this.#connection = this.#open())
    this.#expectSign()
    connection.onopen = () => this.#opened()
    connection.onmessage = ({ data }) => this.#heard(data)
    connection.onclose = ({ code } = {}) => this.#closed(code)
  }

  /** Send now if there is a connection; else it goes out with the next one, as long as `waiting()` names it. */
  send(command) {
    if (this.isOpen) this.#connection.send(JSON.stringify(command))
  }

  get isOpen() {
    return this.#connection?.readyState === 1
  }

  /** The network is back or the page is looked at again: do not sit out the pause. */
  hurry() {
    if (this.isOpen) this.#ping()
    else if (this.#timers.retry) this.connect()
  }

  #opened() {
    this.#frames = this.#unconfirmed = 0
    this.#handlers.state("open")
    for (const command of [...this.#handlers.resume(), ...this.#handlers.waiting()]) this.send(command)
    this.#pingLater()
  }

  #heard(data) {
    this.#attempt = 0       // not before: one that lets us in only to show us out must not be hurried at
    this.#expectSign()
    this.#confirm(data.length)
    const message = JSON.parse(data)
    if (message.type === "ack" || message.type === "nack") this.#handlers.answered(message)
    else this.#handlers.event(message)
  }

  /** What nobody confirms, the server stops sending. */
  #confirm(characters) {
    this.#frames += 1
    this.#unconfirmed += characters
    if (this.#unconfirmed < CONFIRM_EVERY) return
    this.#unconfirmed = 0
    this.send({ type: "got", frames: this.#frames })
  }

  #closed(code) {
    this.#abandon()
    this.#handlers.state("away", this.#attempt, code)
    this.#stop("retry")
    this.#timers.retry = this.#clock.setTimeout(() => this.connect(), pauseBefore(this.#attempt, this.#random))
    this.#attempt += 1
  }

  #ping() {
    this.send({ type: "ping", id: crypto.randomUUID() })
  }

  #pingLater() {
    this.#stop("ping")
    this.#timers.ping = this.#clock.setTimeout(() => {
      this.#ping()
      this.#pingLater()
    }, PING_EVERY)
  }

  /** A line that says nothing for long is dead, whatever the browser believes. */
  #expectSign() {
    this.#stop("silence")
    this.#timers.silence = this.#clock.setTimeout(() => this.#closed(), DEAD_AFTER)
  }

  #abandon() {
    this.#stop("ping")
    this.#stop("silence")
    const connection = this.#connection
    this.#connection = null
    if (!connection) return
    connection.onopen = connection.onmessage = connection.onclose = null
    connection.close()
  }

  #stop(name) {
    if (this.#timers[name]) this.#clock.clearTimeout(this.#timers[name])
    this.#timers[name] = null
  }
}
