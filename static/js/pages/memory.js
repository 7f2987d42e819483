/** The page "What Plumbline knows about you": its elements are elsewhere. */
import "../elements/memory_page.js"
import "../elements/menu_button.js"
import "../elements/side_bar.js"
import "../elements/theme_choice.js"

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal())
}
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close())
}
