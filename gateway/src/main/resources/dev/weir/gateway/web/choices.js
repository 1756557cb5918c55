// What of the form is shown for a model, its task and its sampler, with the bounds of each field. Holds no values.

import { fieldOf, samplerOf, sizes, tasks } from "./models.js";
import { title } from "./words.js";

/** How an emerging image is decoded: the server's names, and the page's. */
const GRADES = { latent_rgb: "fast", taesd: "TAESD", vae: "full (VAE)" };

const YES_OR_NO = { true: "Yes", false: "No" };

/** The steps of sliders, which finer values of earlier requests change. */
const SLIDERS = { guidance: 0.1, strength: 0.01 };

/** Fields of a task that have their own place in the form. Numbers and names that a card has besides are listed as they are. */
const PLACED = ["prompt", "negative_prompt", "guidance_scale", "strength", "class_label", "output_format"];

const byId = (id) => document.getElementById(id);

export function showTasks(model) {
  const all = tasks(model);
  byId("task").replaceChildren(...all.map((task) => new Option(task.label, task.name)));
  byId("taskField").hidden = all.length < 2;
}

export function showTask(model, task) {
  showSizes(model, task);
  byId("sampler").replaceChildren(...model.samplers.map((name) => new Option(name, name)));
  byId("grade").replaceChildren(...model.preview_grades.map((name) => new Option(GRADES[name] ?? name, name)));
  const upscalers = model.upscalers ?? [];
  byId("upscaler").replaceChildren(new Option("none", ""), ...upscalers.map((name) => new Option(name, name)));
  byId("upscaler").closest(".field").hidden = upscalers.length === 0;
  for (const input of [byId("prompt"), byId("negative"), byId("guidance"), byId("strength"), byId("class")]) {
    const field = fieldOf(task, input.name);
    input.disabled = !field;
    input.closest(".field").hidden = !field;
    if (field?.max !== undefined) [input.min, input.max] = [field.min, field.max];
  }
  byId("prompt").required = Boolean(fieldOf(task, "prompt")?.required);
  byId("class").placeholder = byId("class").max ? `${byId("class").min} to ${byId("class").max}` : "";
  byId("class").required = Boolean(fieldOf(task, "class_label")?.required);
  for (const [name, step] of Object.entries(SLIDERS)) byId(name).step = step;
  const others = task.fields.filter(({ name }) => !PLACED.includes(name)).map(otherInput).filter(Boolean);
  byId("ofMask").replaceChildren(...others.filter(isOfMask).map(labelled));
  byId("others").replaceChildren(...others.filter((input) => !isOfMask(input)).map(labelled));
}

function showSizes(model, task) {
  const groups = new Map();
  for (const { value, label, side, upsampled } of sizes(model, task)) {
    const name = `About ${side} × ${side}${upsampled ? ", upsampled" : ""}`;
    if (!groups.has(name)) groups.set(name, Object.assign(document.createElement("optgroup"), { label: name }));
    groups.get(name).append(new Option(label, value));
  }
  const asTheImage = task.fields.some((field) => field.name === "init_image") ? [new Option("As the image", "")] : [];
  byId("size").replaceChildren(...asTheImage, ...groups.values());
}

const isOfMask = ({ name }) => name.includes("mask");

/** The input of a field that has bounds or several values; undefined for others. */
function otherInput({ name, min, max, values, required, default: usual }) {
  if (values) {
    const select = Object.assign(document.createElement("select"), { name });
    select.replaceChildren(...values.map((value) => new Option(YES_OR_NO[value] ?? title(value), value)));
    return select;
  }
  if (max === undefined) return undefined;
  const value = required ? Math.max(min, Math.min(32, max)) : "";
  return Object.assign(document.createElement("input"), { name, type: "number", min, max, step: "any", required, placeholder: usual ?? "default", value });
}

function labelled(input) {
  const field = document.createElement("div");
  input.id = `other-${input.name}`;
  input.dataset.testid = input.name;
  field.append(Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: title(input.name) }), input);
  return field;
}

/** The schedules and bounds of the sampler that is chosen. */
export function showSampler(model) {
  const sampler = samplerOf(model, byId("sampler").value);
  const chosen = byId("schedule").value;
  // ComfyUI's schedules are for its own clients, unless one of them is already chosen.
  const shown = sampler.schedules.filter((name) => !name.startsWith("comfyui_") || name === chosen);
  byId("schedule").replaceChildren(new Option("default", ""), ...shown.map((name) => new Option(name, name)));
  byId("schedule").value = shown.includes(chosen) ? chosen : "";
  byId("schedule").disabled = shown.length === 0;
  byId("eta").disabled = !sampler.takes_eta;
  byId("eta").closest(".field").hidden = !sampler.takes_eta;
  byId("steps").min = sampler.min_steps;
  byId("steps").max = Math.min(sampler.max_steps, Math.max(100, model.default_steps));
}
