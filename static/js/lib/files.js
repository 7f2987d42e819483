/**
 * Files on their way into a question, as a list that is never changed.
 *
 * file { key, id, name, size, state: "uploading" | "reading" | "ready" | "failed", share, problem }
 */

export const MOST_FILES = 5
export const MOST_BYTES = 20_000_000
const UNITS = ["bytes", "kB", "MB"]

export function withFile(files, { key, name, size }) {
  return [...files, { key, id: null, name, size, state: "uploading", share: 0, problem: "" }]
}

export function changed(files, key, change) {
  return files.map((file) => (file.key === key ? { ...file, ...change } : file))
}

export function without(files, key) {
  return files.filter((file) => file.key !== key)
}

/** Why a file cannot be added, in words; empty when it can. */
export function refusal(files, { name, size }) {
  if (files.length >= MOST_FILES) return `At most ${MOST_FILES} files can come with a message; ${name} was left out.`
  if (size > MOST_BYTES) return `${name} has ${sizeOf(size)}; at most ${sizeOf(MOST_BYTES)} can be sent.`
  return size ? "" : `${name} is empty.`
}

/** What the server says of a document, as a change of its file. */
export function told(document) {
  if (document.isReadable) return { id: document.id, name: document.title, state: "ready", problem: "" }
  if (document.status === "failed") return { id: document.id, state: "failed", problem: document.error }
  return { id: document.id, state: "reading" }
}

export function wordsOf(file) {
  if (file.state === "uploading") return file.share < 1 ? `Uploading ${Math.floor(file.share * 100)} %` : "Uploading …"
  if (file.state === "failed") return file.problem || "Could not be read"
  return file.state === "ready" ? "Ready to ask" : "Reading …"
}

/** Why the message must wait, in words; empty when it may go. */
export function hold(files) {
  const waiting = files.filter((file) => file.state === "uploading" || file.state === "reading")
  if (waiting.length) return waiting.length === 1 ? `${waiting[0].name} is not read yet.` : `${waiting.length} files are not read yet.`
  return ""
}

/** What goes with the message: the files that were read, each once. */
export function attachments(files) {
  const ready = files.filter((file) => file.state === "ready")
  return ready.filter((file, place) => ready.findIndex(({ id }) => id === file.id) === place).map(({ id, name, size }) => ({ id, name, size }))
}

/** The files of a draft that outlive the page: those the server has. */
export function lasting(files) {
  return files.filter((file) => file.id && file.state !== "failed")
}

export function restored(attached) {
  return attached.map(({ id, name, size }) => ({ key: id, id, name, size, state: "reading", share: 1, problem: "" }))
}

export function sizeOf(bytes) {
  const power = bytes < 1_000 ? 0 : bytes < 1_000_000 ? 1 : 2
  const number = bytes / 1_000 ** power
  return `${number < 10 && power ? number.toFixed(1) : Math.round(number)} ${UNITS[power]}`
}
