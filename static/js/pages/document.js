/** One document: the passage that was asked for is brought into view; a page that waits for the text looks again. */
import "../elements/menu_button.js"
import "../elements/side_bar.js"
import "../elements/theme_choice.js"

const LOOK_AGAIN_AFTER = 2000

for (const button of document.querySelectorAll("[data-closes]")) button.addEventListener("click", () => button.closest("dialog").close())

const asked = document.querySelector(".passages .is-asked")
asked?.scrollIntoView({ block: "center" })
asked?.focus({ preventScroll: true })
if (document.querySelector(".passages .nothing") && document.querySelector("[data-at-work]")) setTimeout(() => location.reload(), LOOK_AGAIN_AFTER)
