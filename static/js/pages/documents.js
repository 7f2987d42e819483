/** The page of a person's documents. */
import "../elements/document_list.js"
import "../elements/menu_button.js"
import "../elements/side_bar.js"
import "../elements/theme_choice.js"

for (const button of document.querySelectorAll("[data-closes]")) button.addEventListener("click", () => button.closest("dialog").close())
