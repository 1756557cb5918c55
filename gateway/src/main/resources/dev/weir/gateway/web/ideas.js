// Examples on the empty page, which a click draws.

const IDEAS = ["a red apple", "a house by the sea", "a blue car", "a castle on a hill"];

/** @param draw called with the prompt */
export function startIdeas(draw) {
  document.getElementById("ideas").append(...IDEAS.map((idea) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.dataset.testid = "idea";
    button.textContent = idea;
    button.onclick = () => draw(idea);
    return button;
  }));
}
