// New jobs that are made from a finished image: others like it, or the same one larger.

import { generate } from "./jobs.js";
import { fieldOf, LISTS, taskFor } from "./models.js";
import { nameOfInput, saveInput } from "./store.js";

/** How much of an image its variations paint anew. */
const VARIATION = 0.6;
/** Fields that a request may have whatever its task. A seed is drawn anew for variations. */
const OF_EVERY_TASK = ["model", "size", "num_inference_steps", "sampler", "schedule", "eta", "noise", "upscaler", "output_format", "preview", ...LISTS];

/** Four images like one: painted over it where the model can, else with other seeds. */
export async function vary({ body }, picture, model) {
  const task = model?.id === body.model && taskFor(model, ["init_image"]);
  if (task && fieldOf(task, "strength")) {
    const own = [...OF_EVERY_TASK, ...task.fields.map((field) => field.name)].filter((name) => body[name] !== undefined);
    const like = Object.fromEntries(own.map((name) => [name, body[name]]));
    generate({ ...like, init_image: await keepInput(picture), strength: VARIATION, n: 4 });
  } else {
    generate({ ...body, seed: undefined, n: 4 });
  }
}

/** The same image, larger. @param way see enlarging in models.js */
export async function enlarge({ body, outcome }, picture, { model, takesPicture, takesPrompt, size }) {
  if (takesPicture) generate({ ...(takesPrompt && { prompt: body.prompt }), model, init_image: await keepInput(picture), output_format: "png" });
  else generate({ ...body, seed: outcome.seed, size, n: 1 });
}

/** What a request says of an image that the browser keeps for it. */
async function keepInput(picture) {
  const id = nameOfInput();
  await saveInput(id, picture);
  return `upload:${id}`;
}
