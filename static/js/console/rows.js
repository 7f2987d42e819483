/** Lists in a form that grow and shrink: `data-rows` around a `data-list`, a template of one row and a button `data-add`. */

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]")
  if (add) return addTo(add.closest("[data-rows]"))
  const remove = event.target.closest("[data-remove]")
  if (remove) removeFrom(remove.closest("[data-row]"))
})

function addTo(rows) {
  rows.querySelector("[data-list]").append(rows.querySelector("template").content.cloneNode(true))
  rows.querySelector("[data-list] > :last-child").querySelector("select, input").focus()
}

/** The last one stays, so that there is always something to fill in. */
function removeFrom(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling
  if (!next) return
  next.querySelector("select, input").focus()
  row.remove()
}
