/** The small things a page asks the server by POST and GET; failures come as words. */

export class Refused extends Error {}
export class LoggedOut extends Refused {}

export async function post(url, data = {}) {
  const response = await asked(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(data),
  })
  if (response.ok) return response.json()
  const said = await response.json().catch(() => ({}))
  throw new Refused(said.error ?? wordsFor(response.status))
}

export async function fragment(url, signal) {
  const response = await asked(url, { signal })
  if (!response.ok) throw new Refused(wordsFor(response.status))
  return response.text()
}

async function asked(url, options) {
  const response = await fetch(url, { credentials: "same-origin", ...options }).catch((error) => {
    if (error.name === "AbortError") throw error
    throw new Refused("The server cannot be reached. Please try again in a moment.")
  })
  if (response.redirected) throw new LoggedOut("You have been logged out. Reload the page to log in again.")
  return response
}

export function wordsFor(status) {
  if (status === 404) return "This does not exist any more."
  if (status === 403) return "This page is too old, or you may not do this. Reload it and try again."
  return "The server could not do this. Please try again in a moment."
}

export function token() {
  return document.querySelector('meta[name="csrf-token"]').content
}
