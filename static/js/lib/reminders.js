/** What an answer was reminded of, in words. */

const KINDS = {
  fact: "About you",
  preference: "How you like it",
  event: "What happened",
  conversation: "From an earlier conversation",
  procedure: "What was found to work",
}

/** `2 memories used · 1 procedure used` */
export function told(memories) {
  const procedures = memories.filter(({ kind }) => kind === "procedure").length
  return [counted(memories.length - procedures, "memory", "memories"), counted(procedures, "procedure", "procedures")]
    .filter(Boolean).join(" · ") + " used"
}

export function kindOf({ kind }) {
  return KINDS[kind] ?? KINDS.fact
}

export function day(milliseconds) {
  if (!milliseconds) return ""
  return new Date(milliseconds).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" })
}

function counted(number, one, many) {
  return number ? `${number} ${number === 1 ? one : many}` : ""
}
