/** The list of documents: how far those are that are being read, asked for while somebody looks at it. */
const EVERY = 2_000
const ADDRESS = "/admin/memory/document/states/"

let timer = null
document.addEventListener("visibilitychange", again)
again()

function again() {
  clearTimeout(timer)
  if (!document.hidden && atWork().length) timer = setTimeout(ask, EVERY)
}

async function ask() {
  const ids = atWork().map((node) => node.dataset.document)
  try {
    const answer = await fetch(`${ADDRESS}?ids=${ids.join(",")}`, { credentials: "same-origin" })
    if (answer.redirected || !answer.ok) return       // logged out: there is nothing more to hear
    show(ids, await answer.json())
  } catch {
    // the line is down: asked again
  }
  again()
}

/** A state changes where it stands; a document that is gone meanwhile is asked after no more. */
function show(ids, told) {
  for (const id of ids) {
    const node = document.querySelector(`[data-document="${id}"]`)
    if (!told[id]) {
      node.removeAttribute("data-at-work")
      continue
    }
    const passages = node.closest("tr")?.querySelector(".field-passage_count")
    const now = new DOMParser().parseFromString(told[id].state, "text/html").querySelector("[data-document]")
    if (now.textContent !== node.textContent || !now.hasAttribute("data-at-work")) node.replaceWith(now)
    if (passages) passages.textContent = told[id].passages
  }
}

function atWork() {
  return [...document.querySelectorAll("[data-document][data-at-work]")]
}
