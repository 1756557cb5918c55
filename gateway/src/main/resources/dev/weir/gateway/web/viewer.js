// A finished or emerging picture in large, its settings and what can be done with it. The arrow keys show its neighbours.

import { withoutTexts } from "./png.js";
import { settingsOf } from "./settings.js";

const byId = (id) => document.getElementById(id);
const shown = () => [...document.querySelectorAll(".view:not([hidden]) .frame:not(:disabled)")];
let current = null;

function show(frame) {
  if (!frame) return;
  current = frame;
  const picture = frame.querySelector("img");
  const { entry } = frame;
  byId("viewed").src = picture.src;
  byId("viewed").alt = byId("viewedCaption").textContent = picture.alt;
  byId("viewedCaption").hidden = byId("viewedActions").hidden = byId("viewedSettings").hidden = !entry;
  byId("viewedCaption").hidden = Boolean(entry);
  if (!entry) return;
  byId("viewedSettings").replaceChildren(...Object.entries(settingsOf(entry)).flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: value }),
  ]));
}

function move(by) {
  const frames = shown();
  show(frames[frames.indexOf(current) + by]);
}

/** @param bare whether the file has no text with the settings */
async function download(bare) {
  const { entry } = current;
  const file = await fileOf(byId("viewed"));
  const url = URL.createObjectURL(bare ? await withoutTexts(file) : file);
  const link = Object.assign(document.createElement("a"), { href: url, download: `weir-${entry.outcome.seed}.${entry.outcome.format}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

let fileOf = null;

/**
 * @param pictureOf gives the file of an entry
 * @param actions what reuse, vary and delete do with an entry and its picture's file, by these names
 */
export function startViewer(pictureOf, actions) {
  fileOf = () => pictureOf(current.entry);
  document.querySelector("main").addEventListener("click", ({ target }) => {
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
  byId("save").onclick = () => download(false);
  byId("saveBare").onclick = () => download(true);
  for (const [name, action] of Object.entries(actions)) {
    byId(name).onclick = async () => {
      const { entry } = current;
      const file = await pictureOf(entry);
      byId("viewer").close();
      action(entry, file);
    };
  }
}
