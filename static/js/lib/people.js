/** Who is asked to decide, as the viewer reads it, and whether it is the viewer. The server decides whether they may. */

/** viewer { email, isOwner, isStaff, isSuperuser, groups, decided: [what `placeOf` says] } */
export function isAsked(who, viewer) {
  const [kind, name] = split(who)
  switch (kind) {
    case "requester": return viewer.isOwner
    case "staff": return viewer.isStaff
    case "group": return viewer.isSuperuser || viewer.groups.includes(name)
    case "user": return name.toLowerCase() === viewer.email.toLowerCase()
    default: return false
  }
}

export function nameOf(who, viewer) {
  const [kind, name] = split(who)
  if (kind === "requester") return viewer.isOwner ? "you" : "the person who asked"
  if (kind === "staff") return viewer.isStaff ? "an operator (you are one)" : "an operator"
  if (kind === "group") return `the group ${name}`
  return isAsked(who, viewer) ? "you" : name
}

/** What a waiting run waits for, in a few words: `your approval`, `the group Managers`, `an operator`. */
export function awaited(interrupts, viewer) {
  const [first] = interrupts
  if (!first) return ""
  if (interrupts.some((one) => isYours(one, viewer))) return "your approval"
  if (first.metadata?.kind === "approval" && hasDecided(first, viewer)) return "others to approve"
  return first.metadata?.kind === "approval" ? nameOf(first.metadata.who, viewer) : "an operator"
}

export function isYours(interrupt, viewer) {
  return interrupt.metadata?.kind === "approval" && isAsked(interrupt.metadata.who, viewer) && !hasDecided(interrupt, viewer)
}

export function hasDecided(interrupt, viewer) {
  return viewer.decided.includes(placeOf(interrupt))
}

/** An approval and the arguments it is about: who decided on others is asked again. */
export function placeOf({ id, metadata }) {
  return `${id}:${metadata.digest}`
}

/** `approved by Alice`, `denied by Bob`, or nothing: what people said about some calls. */
export function decidedWords(calls) {
  const said = calls.flatMap((call) => call.decisions)
  const by = (verdict) => [...new Set(said.filter((one) => one.verdict === verdict).map((one) => one.by))]
  return [["approve", "approved by"], ["deny", "denied by"]]
    .filter(([verdict]) => by(verdict).length)
    .map(([verdict, words]) => `${words} ${by(verdict).join(" and ")}`)
    .join(", ")
}

function split(who) {
  const place = who.indexOf(":")
  return place < 0 ? [who, ""] : [who.slice(0, place), who.slice(place + 1)]
}
