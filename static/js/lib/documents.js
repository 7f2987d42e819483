/** A person's documents at the server: sent there with progress, asked after until they are read, deleted. */
import { Refused, token, wordsFor } from "./http.js"

const ADDRESS = "/api/documents"
const FIRST_PAUSE = 400
const LONGEST_PAUSE = 3000

/** Send a file; `tell(share)` hears how much of it has gone. Gives { document: Promise, stop() }. */
export function upload(file, tell, title = "") {
  const request = new XMLHttpRequest()
  const document = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => event.lengthComputable && tell(event.loaded / event.total))
    request.addEventListener("load", () => (request.status === 201 ? resolve(JSON.parse(request.responseText)) : reject(new Refused(complaint(request)))))
    request.addEventListener("error", () => reject(new Refused("The connection was lost. Add the file again.")))
    request.addEventListener("abort", () => reject(new DOMException("", "AbortError")))
    request.open("POST", ADDRESS)
    request.setRequestHeader("X-CSRFToken", token())
    const form = new FormData()
    form.append("file", file)
    if (title) form.append("title", title)
    request.send(form)
  })
  return { document, stop: () => request.abort() }
}

/** Ask after a document until nothing about it changes by itself any more; `hear(document)` returns false to end it. */
export async function follow(id, hear) {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.4, LONGEST_PAUSE)) {
    const document = await read(id)
    if (hear(document) === false || document.status === "ready" || document.status === "failed") return
    await new Promise((resolve) => { setTimeout(resolve, pause) })
  }
}

export async function read(id) {
  const response = await fetch(`${ADDRESS}/${id}`, { credentials: "same-origin" }).catch(() => null)
  if (response?.status === 404) throw new Refused("This file was deleted.")
  if (!response?.ok) return { id, status: "queued", isReadable: false, error: "" }      // asked again: nothing is known
  return response.json()
}

export async function remove(id) {
  const response = await fetch(`${ADDRESS}/${id}`, { method: "DELETE", credentials: "same-origin", headers: { "X-CSRFToken": token() } })
  if (!response.ok && response.status !== 404) throw new Refused(wordsFor(response.status))
}

function complaint(request) {
  try {
    return JSON.parse(request.responseText).error ?? wordsFor(request.status)
  } catch {
    return request.status === 413 ? "The file is too large." : wordsFor(request.status)
  }
}
