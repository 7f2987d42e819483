/** A dialog that asks for something, does it, and says in its own words when that was refused. */

export class Sheet {
  about = {}

  /** `save(fields)` gets what was filled in by name; what it throws is shown in the dialog, what it returns is done after. */
  constructor(id, save) {
    this.dialog = document.getElementById(id)
    this.form = this.dialog.querySelector("form")
    this.problem = this.dialog.querySelector("[data-problem]")
    this.form.addEventListener("submit", (event) => this.#submit(event, save))
  }

  /** Open it. `text` is shown where it is asked about, `fill` stands in its fields, the rest is kept in `about`. */
  ask({ text = null, fill = null, ...about }) {
    this.about = about
    this.problem.hidden = true
    const place = this.dialog.querySelector("[data-text]")
    if (place && text !== null) place.textContent = text
    for (const [name, value] of Object.entries(fill ?? {})) this.form.elements[name].value = value
    this.dialog.showModal()
    const field = this.form.querySelector("textarea, input")
    field?.focus()
  }

  async #submit(event, save) {
    event.preventDefault()
    try {
      const after = await save(Object.fromEntries(new FormData(this.form)))
      this.dialog.close()
      this.form.reset()
      after?.()
    } catch (error) {
      this.problem.querySelector("span").textContent = error.message
      this.problem.hidden = false
    }
  }
}
