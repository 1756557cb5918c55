// A finished or emerging picture in large, and its neighbours by the arrow keys.

const byId = (id) => document.getElementById(id);
const shown = () => [...document.querySelectorAll(".frame:not(:disabled)")];
let current = null;

function show(frame) {
  if (!frame) return;
  current = frame;
  const picture = frame.querySelector("img");
  byId("viewed").src = picture.src;
  byId("viewed").alt = byId("viewedCaption").textContent = picture.alt;
}

function move(by) {
  const frames = shown();
  show(frames[frames.indexOf(current) + by]);
}

export function startViewer() {
  byId("feed").addEventListener("click", ({ target }) => {
    const frame = target.closest(".frame");
    if (frame && !frame.disabled) {
      show(frame);
      byId("viewer").showModal();
    }
  });
  // The picture goes on emerging while it is viewed.
  new MutationObserver(() => {
    if (byId("viewer").open && current.isConnected) show(current);
  }).observe(byId("feed"), { subtree: true, attributes: true, attributeFilter: ["src"] });
  byId("previous").onclick = () => move(-1);
  byId("next").onclick = () => move(1);
  byId("viewer").addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  });
  byId("viewer").addEventListener("click", ({ target }) => {
    if (target === byId("viewer")) byId("viewer").close();
  });
}
