// Draws while the prompt is typed, if the user wants it: offered where the server is fast enough, off by default, and remembered. It
// draws with the model's draft where the server has one.

import { currentModel, currentRequest, knownModels } from "./form.js";
import { drafted, draftOf, expectedSeconds } from "./models.js";
import { loadDrawing, saveDrawing } from "./store.js";

/** A pause of typing that asks for an image: a short one where an image takes less than a second. */
const PAUSE_MS = 600;
const SHORT_PAUSE_MS = 200;
/** Slower models would only fill the queue with images that are cancelled. */
const FAST_SECONDS = 6;

const byId = (id) => document.getElementById(id);
/** One seed for all, so that the image changes only with the words. */
const seed = crypto.getRandomValues(new Uint32Array(1))[0];
let pause = PAUSE_MS;
let timer = null;
let last = null;

/** @param draw called with a request */
export function startDrawing(draw) {
  byId("draw").checked = loadDrawing();
  byId("draw").addEventListener("change", () => saveDrawing(byId("draw").checked));
  byId("prompt").addEventListener("input", () => {
    clearTimeout(timer);
    if (!byId("draw").checked || byId("drawField").hidden) return;
    timer = setTimeout(() => {
      const body = currentRequest();
      if (!body || body.prompt.trim() === last) return;
      last = body.prompt.trim();
      draw({ seed, ...drafted(body, draftOf(currentModel(), knownModels())) });
    }, pause);
  });
  // What is asked for by hand needs no drawing.
  byId("form").addEventListener("submit", () => {
    clearTimeout(timer);
    last = byId("prompt").value.trim();
  });
}

/** @param stages of the cluster, with the measured times of steps */
export function offerDrawing({ stages }) {
  const draft = draftOf(currentModel(), knownModels());
  const steps = draft?.default_steps ?? Number(byId("steps").value);
  // A draft that is not loaded yet is about as fast as its model.
  const expected = [draft, currentModel()].filter((model) => model)
    .map((model) => expectedSeconds(model, steps, stages)).find((seconds) => seconds !== undefined);
  pause = expected < 1 ? SHORT_PAUSE_MS : PAUSE_MS;
  // A draft is made for this, also where no step was measured yet.
  byId("drawField").hidden = expected === undefined ? !draft : expected > FAST_SECONDS;
  byId("drawField").title = draft ? `With ${draft.id}, in ${steps} steps` : "";
}
