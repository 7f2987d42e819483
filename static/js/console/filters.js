// A choice in a filter bar takes effect at once; text waits for Enter. Empty fields stay out of the address.
for (const form of document.querySelectorAll("[data-filters]")) {
  form.addEventListener("change", event => {
    if (event.target.matches("select, [type=checkbox]")) form.requestSubmit()
  })
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("input, select")) field.disabled = !field.value
  })
}
// Coming back by the browser's history must not find the fields switched off.
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false
})
