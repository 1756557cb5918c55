// The form: models with their bounds, what was typed, and the request that comes of it. Remembers what the user changed.

import { parseSeed } from "./seed.js";
import { loadSettings, saveSettings } from "./store.js";
import { images, sentence } from "./words.js";

const IMAGES = ["init_image", "mask", "depth_map", "control_image"];
const OF_A_MODEL = ["size", "sampler", "grade", "num_inference_steps", "guidance_scale"];
const OF_ALL = ["prompt", "negative_prompt", "n", "seed"];

/** How an emerging image is decoded: the server's names, and the page's. */
const GRADES = { latent_rgb: "fast", taesd: "TAESD", vae: "full (VAE)" };

const form = document.getElementById("form");
const field = (name) => form.elements[name];

/** What the user changed: fields by name, and the fields of each model by its id. */
const settings = { models: {}, ...loadSettings() };
let models = [];

/** @param submit called with the request */
export function startForm(submit) {
  for (const name of OF_ALL) {
    if (settings[name] !== undefined) field(name).value = settings[name];
  }
  if (matchMedia("(max-width: 46rem)").matches) document.getElementById("settings").open = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    showError(null);
    submit(request());
  });
  form.addEventListener("input", ({ target }) => {
    remember(target.name);
    showValues();
  });
  field("model").addEventListener("change", showModel);
  field("prompt").addEventListener("keydown", onKey);
  // An invalid field in a closed group could not be shown.
  form.addEventListener("invalid", () => { document.getElementById("settings").open = true; }, true);
  document.getElementById("defaults").addEventListener("click", () => {
    delete settings.models[field("model").value];
    saveSettings(settings);
    showModel();
  });
}

/** Enter submits. The Enter that ends a composition (Japanese, Chinese, Korean) only confirms a word; Safari reports it as 229. */
function onKey(event) {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    form.requestSubmit();
  }
}

function remember(name) {
  if (OF_A_MODEL.includes(name)) {
    (settings.models[field("model").value] ??= {})[name] = field(name).value;
  } else if (name) {
    settings[name] = field(name).value;
  }
  saveSettings(settings);
}

// --- models ---

/**
 * Shows the models that the server has now; the first one is its default. The user's choice counts whenever the server has that
 * model, also after the model was away.
 */
export async function loadModels() {
  const answer = await fetch(new URL("v1/models", document.baseURI));
  const found = (await answer.json()).data.filter((model) => !model.alias_of);
  const isSame = JSON.stringify(found) === JSON.stringify(models);
  models = found;
  if (isSame) return;
  const select = field("model");
  const chosen = [settings.model, select.value].find((id) => models.some((model) => model.id === id));
  const wasShown = select.value;
  select.replaceChildren(...models.map(choice));
  if (chosen) select.value = chosen;
  if (select.value !== wasShown) showModel();
}

/** A model in the list. The page has no field for an image yet, so a model that needs one cannot be chosen. */
function choice(model) {
  const needsImage = model.workflows.every((workflow) => workflow.fields.some((known) => known.required && IMAGES.includes(known.name)));
  const remark = needsImage ? " (needs an image)" : model.ready === false ? " (not ready)" : "";
  const option = new Option(model.id + remark, model.id);
  option.disabled = needsImage;
  return option;
}

function showModel() {
  const model = models.find((m) => m.id === field("model").value);
  document.getElementById("generate").disabled = !model;
  if (!model) return;
  field("size").replaceChildren(...sizes(model).map((size) => new Option(size.label, size.value)));
  field("sampler").replaceChildren(...model.samplers.map((name) => new Option(name, name)));
  field("grade").replaceChildren(...model.preview_grades.map((name) => new Option(GRADES[name] ?? name, name)));
  field("num_inference_steps").max = Math.min(model.max_steps, Math.max(100, model.default_steps));
  field("prompt").required = takes(model, "prompt");
  for (const name of ["prompt", "negative_prompt", "guidance_scale"]) field(name).disabled = !takes(model, name);
  fillFields({ ...defaults(model), ...settings.models[model.id] });
}

/** Whether a request to the model may have a field. */
const takes = (model, name) => model.workflows.some((workflow) => workflow.fields.some((known) => known.name === name));

function defaults(model) {
  return {
    size: `${model.native_size}x${model.native_size}`,
    sampler: model.default_sampler,
    grade: model.preview_grades.includes("taesd") ? "taesd" : model.preview_grades[0],
    num_inference_steps: model.default_steps,
    guidance_scale: model.default_guidance_scale,
  };
}

/** The native size, the same upright and lying, and the largest square. */
function sizes(model) {
  const native = model.native_size;
  const shorter = Math.max(model.min_size, Math.round((native * 0.75) / model.size_multiple) * model.size_multiple);
  const found = [option(native, native)];
  if (shorter < native) found.push(option(shorter, native, "portrait"), option(native, shorter, "landscape"));
  const upsampled = model.upsample_factor > 1;
  const largest = upsampled ? native * model.upsample_factor : Math.min(model.max_size, 2 * native);
  if (largest > native) found.push(option(largest, largest, upsampled ? "upsampled" : ""));
  return found;
}

function option(width, height, remark = "") {
  return { value: `${width}x${height}`, label: `${width} × ${height}${remark && ` (${remark})`}` };
}

// --- values ---

function fillFields(values) {
  for (const [name, value] of Object.entries(values)) {
    const input = field(name);
    if (input instanceof HTMLSelectElement && ![...input.options].some((known) => known.value === String(value))) {
      if (name !== "size") continue;
      input.add(new Option(String(value).replace("x", " × "), value));
    }
    input.value = value;
  }
  showValues();
}

/** Takes the settings of an earlier request over. */
export function fill(body) {
  if (body.model && body.model !== field("model").value && models.some((model) => model.id === body.model)) {
    field("model").value = body.model;
    remember("model");
    showModel();
  }
  const { prompt = "", negative_prompt = "", n = 1, seed = "" } = body;
  const all = { ...body, grade: body.preview?.grade };
  const given = Object.fromEntries(OF_A_MODEL.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]));
  fillFields({ prompt, negative_prompt, n, seed, ...given });
  [...OF_ALL, ...Object.keys(given)].forEach(remember);
  field("prompt").focus();
}

function showValues() {
  document.getElementById("stepsValue").value = field("num_inference_steps").value;
  document.getElementById("guidanceValue").value = field("guidance_scale").value;
  document.getElementById("changes").textContent = changes().map((change) => ` · ${change}`).join("");
}

/** What the next request has other than the default model's defaults. The page shows it while the settings are folded. */
function changes() {
  const model = models.find((known) => known.id === field("model").value);
  if (!model) return [];
  const own = defaults(model);
  const changed = (name) => field(name).value !== String(own[name]);
  return [
    model !== models[0] && model.id,
    field("n").value !== "1" && images(Number(field("n").value)),
    changed("size") && field("size").value.replace("x", " × "),
    changed("num_inference_steps") && `${field("num_inference_steps").value} steps`,
    changed("guidance_scale") && `guidance ${field("guidance_scale").value}`,
    changed("sampler") && field("sampler").value,
    field("seed").value && `seed ${field("seed").value}`,
    field("negative_prompt").value.trim() && "negative prompt",
  ].filter(Boolean);
}

function request() {
  const fields = new FormData(form);
  const model = models.find((known) => known.id === fields.get("model"));
  for (const name of ["prompt", "negative_prompt", "guidance_scale"]) {
    if (model && !takes(model, name)) fields.delete(name);
  }
  const body = { prompt: fields.get("prompt") ?? "", output_format: "png" };
  for (const name of ["negative_prompt", "model", "size", "sampler"]) {
    if (fields.get(name)) body[name] = fields.get(name);
  }
  for (const name of ["n", "num_inference_steps", "guidance_scale"]) {
    if (fields.get(name)) body[name] = Number(fields.get(name));
  }
  if (fields.get("grade")) body.preview = { every_steps: 1, grade: fields.get("grade") };
  if (fields.get("seed")) body.seed = parseSeed(fields.get("seed"));
  return body;
}

/** @param error with message, and param where a field is to blame; null: none */
export function showError(error) {
  const line = document.getElementById("error");
  line.hidden = !error;
  line.textContent = error ? sentence(error.message) : "";
  for (const input of form.elements) {
    if (!input.name) continue;
    const isToBlame = Boolean(error) && input.name === error.param;
    input.setAttribute("aria-invalid", String(isToBlame));
    if (isToBlame) {
      if (input.closest("details")) input.closest("details").open = true;
      input.focus();
    }
  }
}
