/**
 * What a person did and the server has not answered yet: sent again on every connection with the same id, so that
 * nothing is lost; each is answered once, and a refusal comes as words.
 */
import { Refused } from "./http.js"

export class Deeds {
  #send
  #waiting = new Map()      // id → { command, resolve, reject }

  constructor(send) {
    this.#send = send
  }

  /** All that wait for an answer, in the order they were done. */
  get commands() {
    return [...this.#waiting.values()].map(({ command }) => command)
  }

  /** Resolves with the acknowledgement, rejects with Refused. */
  do(command, id = crypto.randomUUID()) {
    const whole = { ...command, id }
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { command: whole, resolve, reject }))
    this.#send(whole)
    return answer
  }

  answered(answer) {
    const deed = this.#waiting.get(answer.id)
    if (!deed) return
    this.#waiting.delete(answer.id)
    if (answer.type === "ack") deed.resolve(answer)
    else deed.reject(new Refused(answer.error))
  }
}
