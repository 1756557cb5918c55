// A finished or emerging picture in large, its settings and what can be done with it. The arrow keys show its neighbours.

import { currentModel, knownModels } from "./form.js";
import { enlarging, makesPoints, takesImage } from "./models.js";
import { texts, withoutTexts } from "./png.js";
import { settingsOf } from "./settings.js";
import { pictureOf } from "./store.js";

const byId = (id) => document.getElementById(id);
const shown = () => [...document.querySelectorAll(".view:not([hidden]) .frame:not(:disabled)")];
let current = null;

function show(frame) {
  if (!frame) return;
  current = frame;
  const picture = frame.querySelector("img");
  const { entry } = frame;
  byId("viewed").src = picture.src;
  byId("viewed").hidden = !picture.src;
  byId("viewed").alt = byId("viewedCaption").textContent = picture.alt;
  byId("viewedCaption").hidden = byId("viewedActions").hidden = byId("viewedSettings").hidden = !entry;
  byId("viewedCaption").hidden = Boolean(entry);
  byId("viewedProblem").hidden = true;
  if (!entry) return;
  byId("asInput").hidden = !takesImage(currentModel());
  byId("enlarge").hidden = !enlargement(entry);
  byId("savePoints").hidden = Boolean(entry.body.upscaler) || !makesPoints(knownModels().find(({ id }) => id === entry.body.model));
  byId("viewedSettings").replaceChildren(...Object.entries(settingsOf(entry)).flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: value }),
  ]));
}

function move(by) {
  const frames = shown();
  show(frames[frames.indexOf(current) + by]);
}

/** How a picture can be made larger by a model that the server has now; null where none can. */
export const enlargement = (entry) => enlarging(entry, knownModels());

/** @param bare whether the file has no text with the settings */
async function download(entry, bare) {
  const file = await pictureOf(entry);
  save(bare ? await withoutTexts(file) : file, `weir-${entry.outcome.seed}.${entry.outcome.format}`);
}

/** The cloud of points that a picture shows: its PNG has the PLY file too. */
async function downloadPoints(entry) {
  const points = (await texts(await pictureOf(entry)))["Weir points"];
  if (!points) throw new Error("The file of this image has no points.");
  const bytes = Uint8Array.from(atob(points), (letter) => letter.charCodeAt(0));
  save(new Blob([bytes], { type: "model/ply" }), `weir-${entry.outcome.seed}.ply`);
}

function save(file, name) {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Says what is wrong where an action needs a picture that is gone. */
async function attempt(action) {
  try {
    await action(current.entry);
    return true;
  } catch (error) {
    byId("viewedProblem").textContent = error.message;
    byId("viewedProblem").hidden = false;
    return false;
  }
}

/** @param actions what useAgain, vary, enlarge, asInput and deleteImage do with an entry, by these names */
export function startViewer(actions) {
  document.querySelector("main").addEventListener("click", ({ target }) => {
    const frame = target.closest(".frame");
    if (frame && !frame.disabled) {
      show(frame);
      byId("viewer").showModal();
      // The button that has the focus is below the image.
      byId("viewer").scrollTop = 0;
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
  byId("save").onclick = () => attempt((entry) => download(entry, false));
  byId("saveBare").onclick = () => attempt((entry) => download(entry, true));
  byId("savePoints").onclick = () => attempt(downloadPoints);
  for (const [name, action] of Object.entries(actions)) {
    byId(name).onclick = async () => {
      if (await attempt(action)) byId("viewer").close();
    };
  }
}
