/** `<first-visit>`: what the chosen agent can do, and questions to click, until something is said. */
import { el } from "./dom.js"

export class FirstVisit extends HTMLElement {
  begin({ agents, agent, ask, choose }) {
    this.agents = agents
    this.ask = ask
    this.#show(agent)
    document.querySelector("[data-agent-picker]")?.addEventListener("change", (event) => {
      choose(event.target.value)
      this.#show(event.target.value)
    })
  }

  #show(slug) {
    const agent = this.agents.find((one) => one.slug === slug) ?? this.agents[0]
    if (!agent) return
    this.querySelector("[data-name]").textContent = agent.name
    this.querySelector("[data-description]").textContent = agent.description
    this.querySelector("[data-suggestions]").replaceChildren(...(agent.suggestions ?? []).slice(0, 4).map((text) =>
      el("li", {}, el("button.suggestion", { type: "button", dir: "auto", onclick: () => this.ask(text) }, text))))
  }
}

customElements.define("first-visit", FirstVisit)
