/** Build pieces of the page: `el("p.note", { hidden: true, onclick }, "text", child)`. */

export function el(selector, properties = {}, ...children) {
  const [tag, ...classes] = selector.split(".")
  const node = document.createElement(tag || "div")
  if (classes.length) node.className = classes.join(" ")
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name in node && typeof value !== "string") node[name] = value
    else node.setAttribute(name, value)
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

/** An icon of the page's sheet (`chat/_icons.html`). */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg"
  const svg = document.createElementNS(namespace, "svg")
  svg.setAttribute("class", `icon icon-${name}`)
  svg.setAttribute("aria-hidden", "true")
  const use = document.createElementNS(namespace, "use")
  use.setAttribute("href", `#icon-${name}`)
  svg.append(use)
  return svg
}

/** Read once to screen readers, politely. */
export function announce(words) {
  const region = document.getElementById("announcements")
  if (region.textContent !== words) region.textContent = words
}
