/** The page of those who decide: what waits for them, the oldest first; what comes later is added below and nothing moves. */
import { announce, el, icon } from "../elements/dom.js"
import "../elements/asked_approval.js"
import "../elements/menu_button.js"
import "../elements/side_bar.js"
import "../elements/theme_choice.js"
import { post } from "../lib/http.js"

const EVERY = 8_000

const list = document.querySelector("asked-list")
const nothing = document.querySelector("[data-nothing]")
const shown = new Map()         // id → element
let cards = JSON.parse(document.getElementById("page-data").textContent).cards
let timer = null

for (const button of document.querySelectorAll("[data-closes]")) button.addEventListener("click", () => button.closest("dialog").close())
document.addEventListener("visibilitychange", ask)
draw()
again()

function draw() {
  nothing.hidden = cards.length > 0 || shown.size > 0
  for (const card of cards) {
    if (!shown.has(card.id)) shown.set(card.id, list.appendChild(document.createElement("asked-approval")))
    shown.get(card.id).show(card, { decide })
  }
}

async function decide(interrupt, { decision, args, comment = "", digest }) {
  const said = await post(`/api/approvals/${interrupt.id}/decision`, { verdict: decision, arguments: args, comment, digest })
  await renew(interrupt.id)
  if (said.status === "pending") announce("Your word is kept; others are asked too")
}

async function ask() {
  clearTimeout(timer)
  if (document.hidden) return
  const found = await read(location.pathname)
  if (found) {
    const arrived = found.filter(({ id }) => !shown.has(id))
    if (arrived.length) announce(`New: ${arrived.map(({ agent, interrupt }) => `${agent} asks about ${interrupt.metadata.tool}`).join("; ")}`)
    cards = found
    draw()
    for (const id of shown.keys()) if (!found.some((card) => card.id === id)) await renew(id)
  }
  again()
}

/** One that is no longer among those that wait: what became of it. */
async function renew(id) {
  const element = shown.get(id)
  if (element.dataset.over !== undefined) return
  const [card] = await read(`/approvals/${id}/`) ?? []
  if (card) element.show(card, { decide })
  if (!card?.mayDecide) element.dataset.over = ""
  if (!card) element.replaceChildren(el("p.card-state", {}, icon("close"), "Not needed any more"))
}

async function read(address) {
  const answer = await fetch(`${address}?json`, { credentials: "same-origin" }).catch(() => null)
  return answer?.ok && !answer.redirected ? (await answer.json()).cards : null
}

function again() {
  timer = setTimeout(ask, EVERY)
}
