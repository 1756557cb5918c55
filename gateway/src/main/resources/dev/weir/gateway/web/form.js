// The form: what was typed and chosen, and the request that comes of it. Remembers what the user changed, for each model.

import { showSampler, showTask, showTasks } from "./choices.js";
import { startIdeas } from "./ideas.js";
import { hasImage, imageValues, missingImage, put, restoreInputs, showInputs, startInputs } from "./inputs.js";
import { defaults, fieldOf, IMAGES, LISTS, taskFor, tasks } from "./models.js";
import { missingInRows, rowValues, showRows, startRows } from "./rows.js";
import { showOwnSize, startOwnSize } from "./ownsize.js";
import { parseSeed } from "./seed.js";
import { hideLost, showLost } from "./taken.js";
import { loadSettings, saveSettings } from "./store.js";
import { images, sentence } from "./words.js";
import { serverUrl } from "./server.js";

const OF_ALL = ["prompt", "negative_prompt", "n", "seed", "model"];
const TEXTS = ["negative_prompt", "model", "size", "sampler", "schedule", "noise", "upscaler"];
/** Values that a list need not have. */
const OPEN_LISTS = ["size", "noise"];

const byId = (id) => document.getElementById(id);
const form = byId("form");
const field = (name) => form.elements[name];

/** What the user changed: fields by name, the fields of each model by its id, and the images. */
const settings = { models: {}, images: {}, ...loadSettings() };
let models = [];
let model = null;
let task = null;

export const currentModel = () => model;
export const knownModels = () => models;

/** The request as it would be sent now; null where something is missing. */
export const currentRequest = () => (model && form.checkValidity() && !missing() && field("prompt").value.trim() ? request() : null);

const missing = () => missingImage(task) || missingInRows();

/** @param submit called with the request */
export function startForm(submit) {
  for (const name of OF_ALL) {
    if (settings[name] !== undefined && name !== "model") field(name).value = settings[name];
  }
  if (matchMedia("(max-width: 46rem)").matches) byId("settings").open = false;
  startInputs(onImage);
  startRows(() => {
    Object.assign(ofModel(), Object.fromEntries(LISTS.map((name) => [name, undefined])), rowValues());
    saveSettings(settings);
    showValues();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = missing();
    showError(problem || null);
    hideLost();
    if (problem) return;
    submit(request());
    // On a phone it may be far below.
    document.querySelector("#feed > *")?.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("input", (event) => {
    const target = ofExact(event.target);
    remember(target.name);
    if (target.name === "sampler") showSampler(model);
    showValues();
  });
  form.addEventListener("change", showValues);
  field("model").addEventListener("change", showModel);
  field("task").addEventListener("change", () => chooseTask(field("task").value));
  field("prompt").addEventListener("keydown", onKey);
  startIdeas((idea) => {
    field("prompt").value = idea;
    remember("prompt");
    byId("generate").click();
  });
  byId("lock").addEventListener("click", onLock);
  // An invalid field in a closed group could not be shown.
  form.addEventListener("invalid", ({ target }) => { if (target.closest("details")) target.closest("details").open = true; }, true);
  startOwnSize(field("size"), () => {
    remember("size");
    showValues();
  });
  byId("defaults").addEventListener("click", () => {
    if (!model) return;
    delete settings.models[model.id];
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

/** A seed in its field is used for each request. An empty field draws another one each time. */
function onLock() {
  field("seed").value = field("seed").value ? "" : lastSeed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  remember("seed");
  showValues();
}

let lastSeed = null;

/** The seed that the lock keeps. */
export function noteSeed(seed) {
  lastSeed = String(seed);
}

const ofModel = () => (settings.models[model.id] ??= {});

function remember(name) {
  if (OF_ALL.includes(name)) settings[name] = field(name).value;
  else if (name && model) ofModel()[name] = field(name).value;
  saveSettings(settings);
}

// --- models and tasks ---

/**
 * Shows the models that the server has now; the first one is its default. The user's choice counts whenever the server has that
 * model, also after the model was away.
 */
export async function loadModels() {
  const answer = await fetch(serverUrl("v1/models"));
  const found = (await answer.json()).data.filter((known) => !known.alias_of);
  const isSame = JSON.stringify(found) === JSON.stringify(models);
  const wasShown = models.find((known) => known.id === model?.id);
  const isFirst = models.length === 0;
  models = found;
  if (isFirst) await restoreInputs(settings.images);
  if (isSame) return;
  const select = field("model");
  const chosen = [settings.model, select.value].find((id) => models.some((known) => known.id === id));
  select.replaceChildren(...models.map((known) => new Option(known.id + (known.ready === false ? " (not ready)" : ""), known.id)));
  if (chosen) select.value = chosen;
  const shown = models.find((known) => known.id === select.value);
  if (JSON.stringify(shown) !== JSON.stringify(wasShown)) showModel();
}

function showModel() {
  model = models.find((known) => known.id === field("model").value) ?? null;
  byId("generate").disabled = !model;
  if (!model) return;
  showTasks(model);
  chooseTask(settings.models[model.id]?.task);
}

/** @param name of a task; of none of the model's: the first one that the images suit */
async function chooseTask(name, values = settings.models[model.id]) {
  task = tasks(model).find((known) => known.name === name) ?? tasks(model)[0];
  field("task").value = task.name;
  showTask(model, task);
  showInputs(model, task);
  fillFields({ ...defaults(model, task), strength: 0.6, eta: "", noise: "", upscaler: "" });
  // A sampler that the model does not have leaves the model's own.
  fillFields(values ?? {});
  showOwnSize(task);
  await showRows(model, values ?? {});
  showValues();
}

/** The images that are there choose the task. */
function onImage(name) {
  const there = IMAGES.filter(hasImage);
  const fits = there.every((image) => fieldOf(task, image)) && !missingImage(task);
  const other = fits && (hasImage(name) || name !== "mask") ? null : taskFor(model, there);
  settings.images = Object.fromEntries(there.map((image) => [image, imageValues({ fields: [{ name: image }] })[image]]));
  if (other) {
    ofModel().task = other.name;
    chooseTask(other.name);
  }
  saveSettings(settings);
  showError(null);
}

/** Uses a picture for one of the fields for images. */
export function useAs(name, blob) {
  const other = taskFor(model, [name]);
  if (!fieldOf(task, name) && other) chooseTask(other.name);
  put(name, blob);
}

// --- values ---

function fillFields(values) {
  for (const [name, value] of Object.entries(values)) {
    const input = field(name);
    if (!input || name === "task" || name === "model" || LISTS.includes(name)) continue;
    if (input instanceof HTMLSelectElement && ![...input.options].some((known) => known.value === String(value))) {
      if (!OPEN_LISTS.includes(name) || !value) continue;
      input.add(new Option(String(value).replace(/(\d)x/, "$1 × "), value));
    }
    const decimals = String(value).split(".")[1]?.length ?? 0;
    if (input.type === "range" && 10 ** -decimals < Number(input.step)) input.step = 10 ** -decimals;
    input.value = value;
    if (name === "sampler") showSampler(model);
  }
  showSampler(model);
  if (values.schedule) field("schedule").value = values.schedule;
  showValues();
}

/**
 * Takes the settings of an earlier request over, and says which ones it cannot.
 *
 * @param others settings of its file that no request has a field for: names and values
 */
export async function fill(body, others = []) {
  if (models.some((known) => known.id === body.model)) {
    field("model").value = body.model;
    remember("model");
    model = models.find((known) => known.id === body.model);
    showTasks(model);
  }
  if (!model) return;
  const { prompt = "", negative_prompt = "", n = 1, seed = "", model: asked, preview, output_format, ...own } = body;
  Object.entries({ prompt, negative_prompt, n, seed }).forEach(([name, value]) => { field(name).value = value; });
  OF_ALL.forEach(remember);
  const given = IMAGES.filter((name) => body[name]);
  await restoreInputs(body);
  settings.images = Object.fromEntries(given.map((name) => [name, body[name]]));
  const name = (taskFor(model, given) ?? task)?.name;
  settings.models[model.id] = { ...own, ...(preview?.grade && { grade: preview.grade }), task: name };
  saveSettings(settings);
  await chooseTask(name);
  const later = tasks(model).flatMap((other) => other.fields).map((known) => known.name).filter((known) => !fieldOf(task, known));
  showLost(body, request(), later, others);
  field("prompt").focus();
}

/** Sliders have a field each, for exact values. What is typed there moves the slider, within its bounds. */
const SLIDERS = ["steps", "guidance", "strength"];

function ofExact(input) {
  const name = SLIDERS.find((slider) => input.id === `${slider}Value`);
  if (!name) return input;
  const slider = byId(name);
  if (input.value !== "") slider.value = input.value;
  return slider;
}

function showValues(event) {
  for (const name of SLIDERS) {
    const exact = byId(`${name}Value`);
    // What is being typed stays until it is complete.
    if (event?.type === "change" || exact !== document.activeElement) exact.value = byId(name).value;
  }
  byId("ideas").hidden = field("prompt").disabled;
  byId("lock").setAttribute("aria-pressed", String(Boolean(field("seed").value)));
  byId("changes").textContent = changes().map((change) => ` · ${change}`).join("");
  byId("moreChanges").textContent = changesIn(byId("more")).map((change) => ` · ${change}`).join("");
}

/** What the next request has other than the default model's defaults. The page shows it while the settings are folded. */
function changes() {
  if (!model) return [];
  const own = defaults(model, task);
  const changed = (name) => field(name).value !== String(own[name]);
  const lists = rowValues();
  return [
    model.id !== models[0].id && model.id,
    task.name !== tasks(model)[0].name && task.label,
    field("n").value !== "1" && images(Number(field("n").value)),
    changed("size") && field("size").value.replace("x", " × "),
    changed("num_inference_steps") && `${field("num_inference_steps").value} steps`,
    changed("guidance_scale") && `guidance ${field("guidance_scale").value}`,
    changed("sampler") && field("sampler").value,
    changed("schedule") && field("schedule").value,
    ...changesIn(byId("ofMask")),
    field("seed").value && `seed ${field("seed").value}`,
    field("negative_prompt").value.trim() && "negative prompt",
    ...(lists.loras ?? []).map((lora) => lora.name),
    ...[...(lists.controlnets ?? []), ...(lists.ip_adapters ?? [])].map((file) => file.name),
  ].filter(Boolean);
}

/** The same of inputs whose defaults are the first choice, or none. */
function changesIn(group) {
  const inputs = [...group.querySelectorAll("input, select")].filter(({ name, disabled }) => name !== "grade" && !disabled);
  return inputs.filter((input) => (input instanceof HTMLSelectElement ? input.selectedIndex > 0 : input.value !== ""))
    .map(({ name, value }) => `${name.replaceAll("_", " ")} ${value}`);
}

function request() {
  const fields = new FormData(form);
  const body = { prompt: fields.get("prompt") ?? "", output_format: "png" };
  for (const name of TEXTS) {
    if (fields.get(name)) body[name] = fields.get(name);
  }
  for (const input of form.elements) {
    const isNumber = ["number", "range"].includes(input.type) && input.name && !input.disabled;
    if (isNumber && input.value !== "") body[input.name] = Number(input.value);
  }
  for (const select of form.querySelectorAll("#ofMask select, #others select")) {
    if (select.selectedIndex > 0) body[select.name] = select.value === "true" || select.value;
  }
  if (fields.get("grade")) body.preview = { every_steps: 1, grade: fields.get("grade") };
  if (fields.get("seed")) body.seed = parseSeed(fields.get("seed"));
  return { ...body, ...imageValues(task), ...rowValues() };
}

/** @param error with message, and param where a field is to blame; null: none */
export function showError(error) {
  const line = byId("error");
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
