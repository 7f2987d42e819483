/**
 * What changes while somebody looks at the console: the numbers in the menu on every page, and a list in `data-live`
 * (the address of its own fragment). A row that is pointed at or in focus stays where it is: what comes and goes waits
 * until the person moves on or asks for it with the button `data-live-news`.
 */
const NUMBERS_EVERY = 10_000
const LIST_EVERY = 4_000
const SLOWEST = 120_000

const list = document.querySelector("[data-live]")
const news = document.querySelector("[data-live-news]")
const said = spokenLine()
const numbers = document.querySelector("meta[name=live-numbers]")?.content
let known = keysOf(list)
let latest = null       // what is to be shown when nobody is in the way

if (numbers) often(numbers, NUMBERS_EVERY, async (answer) => showNumbers(await answer.json()))
if (list) {
  often(list.dataset.live, LIST_EVERY, async (answer) => heard(await answer.text()))
  list.addEventListener("pointerleave", showSoon)
  list.addEventListener("focusout", showSoon)
  news.addEventListener("click", () => { show(); news.hidden = true })
}

/** Ask again and again while the page can be seen, at once when it is looked at again, seldom while nothing answers. */
function often(address, every, take) {
  let timer = null
  let pause = every
  const ask = async () => {
    clearTimeout(timer)
    if (document.hidden) return
    try {
      const answer = await fetch(address, { credentials: "same-origin" })
      if (answer.redirected || answer.status === 403) return       // logged out: there is nothing more to hear
      if (!answer.ok) throw new Error(answer.statusText)
      await take(answer)
      pause = every
    } catch {
      pause = Math.min(SLOWEST, pause * 2)
    }
    timer = setTimeout(ask, pause)
  }
  timer = setTimeout(ask, every)
  document.addEventListener("visibilitychange", ask)
}

/** counted { address of a list: its number as the menu shows it } */
function showNumbers(counted) {
  for (const [address, number] of Object.entries(counted)) {
    const badge = document.querySelector(`a[href="${CSS.escape(address)}"] [data-number]`)
    if (!badge || badge.textContent.trim() === number) continue
    if (!list && number) said.textContent = `${badge.dataset.number}: ${number}`
    badge.textContent = number
    badge.hidden = !number
  }
}

function heard(html) {
  latest = new DOMParser().parseFromString(html, "text/html").body
  const now = keysOf(latest)
  const arrived = [...now.keys()].filter((key) => !known.has(key))
  if (arrived.length) said.textContent = `New: ${arrived.map((key) => now.get(key).dataset.said).slice(0, 3).join("; ")}`
  known = now
  if (isInTheWay()) hint()
  else show()
}

/** A row may leave and another come only when neither pointer nor focus is in the list. */
function isInTheWay() {
  return list.matches(":hover") || list.contains(document.activeElement)
}

function hint() {
  const shown = keysOf(list)
  const wanted = keysOf(latest)
  for (const [key, row] of shown) {
    row.toggleAttribute("data-over", !wanted.has(key))
    if (wanted.has(key)) renew(row, wanted.get(key))
  }
  const arrived = [...wanted.keys()].filter((key) => !shown.has(key)).length
  const left = [...shown.keys()].filter((key) => !wanted.has(key)).length
  news.hidden = !arrived && !left
  news.textContent = [arrived && `${arrived} new`, left && `${left} done`].filter(Boolean).join(", ")
}

/** The cells of a row that stays, each in its place; the one with the focus is left alone. */
function renew(row, wanted) {
  for (const [place, cell] of [...row.cells].entries()) {
    const other = wanted.cells[place]
    if (other && other.innerHTML !== cell.innerHTML && !cell.contains(document.activeElement)) cell.innerHTML = other.innerHTML
  }
}

function showSoon() {
  setTimeout(() => latest && !isInTheWay() && show())
}

function show() {
  if (!latest) return
  list.replaceChildren(...[...latest.childNodes].map((node) => document.importNode(node, true)))
  news.hidden = true
}

function keysOf(place) {
  return new Map([...(place?.querySelectorAll("[data-key]") ?? [])].map((row) => [row.dataset.key, row]))
}

/** Read to those who listen, seen by nobody. */
function spokenLine() {
  const frame = document.body.appendChild(document.createElement("div"))
  frame.className = "console"
  const line = frame.appendChild(document.createElement("p"))
  line.className = "vh"
  line.setAttribute("role", "status")
  return line
}
