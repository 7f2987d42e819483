import "../elements/copy_button.js"
import "../elements/reveal_secret.js"
