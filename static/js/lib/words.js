/** Numbers and moments as people say them. */

export function duration(ms) {
  if (ms === null || ms === undefined) return ""
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** `in 3 days` and its like, for the end of a wait. */
export function untilWords(moment, now = Date.now()) {
  const minutes = Math.round((Date.parse(moment) - now) / 60_000)
  if (minutes < 1) return "the time to decide is almost over"
  const [number, unit] = minutes < 90 ? [minutes, "minute"] : minutes < 48 * 60 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"]
  return `${number} ${unit}${number === 1 ? "" : "s"} left to decide`
}

export function ordinal(number) {
  const ending = number % 100 >= 11 && number % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th"
  return `${number}${ending}`
}

/** The arguments of a call as rows for a table; the raw text when they are no JSON object. */
export function argumentRows(raw) {
  let parsed
  try {
    parsed = JSON.parse(raw || "{}")
  } catch {
    return [["arguments", raw]]
  }
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) return [["arguments", raw]]
  return Object.entries(parsed).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])
}

/** A tool's result for reading: JSON objects and lists laid out, all else as it is. */
export function resultText(content) {
  if (!/^\s*[[{]/.test(content)) return content
  try {
    return JSON.stringify(JSON.parse(content), null, 2)
  } catch {
    return content
  }
}
