import "../elements/reveal_secret.js"
