// What the card of a model says: its tasks, the fields of each with their bounds, and sizes. Stateless.

import { title } from "./words.js";

export const IMAGES = ["init_image", "mask", "depth_map", "control_image"];

/** The lists of files that a request may name. */
export const LISTS = ["loras", "controlnets", "ip_adapters"];

const RATIOS = [[1, 1], [4, 3], [3, 4], [3, 2], [2, 3], [16, 9], [9, 16]];

/** Workflows with the same fields are one task. The server chooses among them by the size. */
export function tasks(model) {
  const found = new Map();
  for (const { name, fields, sizes } of model.workflows) {
    const key = fields.map((field) => field.name).sort().join();
    if (!found.has(key)) found.set(key, { name, label: title(name), fields, ranges: [] });
    found.get(key).ranges.push(sizes);
  }
  return [...found.values()];
}

/** The field of a task; undefined where the task does not take it. */
export const fieldOf = (task, name) => task.fields.find((field) => field.name === name);

/** The images that a task takes. */
export const imagesOf = (task) => task.fields.filter((field) => IMAGES.includes(field.name));

/** The first task that takes all of these fields and needs no other image. */
export function taskFor(model, names) {
  return tasks(model).find((task) => names.every((name) => fieldOf(task, name))
    && imagesOf(task).every((image) => !image.required || names.includes(image.name)));
}

export function samplerOf(model, name) {
  const sampler = model.sampler_choices?.find((choice) => choice.name === name);
  return { schedules: [], takes_eta: false, min_steps: 1, max_steps: model.max_steps, ...sampler };
}

/** What a request has that says nothing. */
export function defaults(model, task) {
  return {
    size: imagesOf(task).length > 0 ? "" : nativeSize(model, task),
    sampler: model.default_sampler,
    schedule: "",
    grade: model.preview_grades.includes("taesd") ? "taesd" : model.preview_grades[0],
    num_inference_steps: model.default_steps,
    guidance_scale: model.default_guidance_scale,
  };
}

function nativeSize(model, task) {
  const native = `${model.native_size}x${model.native_size}`;
  const all = sizes(model, task);
  return all.some((size) => size.value === native) ? native : all[0]?.value ?? "";
}

/** Sizes of the usual ratios with about the area of the model's native size, and larger ones where the task has them. */
export function sizes(model, task) {
  const found = new Map();
  for (const range of task.ranges) {
    const native = range.upsampled ? model.native_size * model.upsample_factor : model.native_size;
    for (const side of [native, 2 * native]) {
      if (side < range.min || side > range.max) continue;
      for (const ratio of RATIOS) {
        const size = fitted(ratio, side, range);
        if (size && !found.has(size.value)) found.set(size.value, { ...size, side, upsampled: range.upsampled });
      }
    }
  }
  return [...found.values()];
}

function fitted([a, b], side, { min, max, multiple }) {
  const scale = Math.min(side / Math.sqrt(a * b), max / Math.max(a, b));
  const [width, height] = [a, b].map((part) => Math.round((part * scale) / multiple) * multiple);
  return Math.min(width, height) < min ? null
    : { value: `${width}x${height}`, label: `${a}:${b} · ${width} × ${height}` };
}

/** The stages of a workflow in their order, with the kind of node of each; none of a model that is not served. */
export const stagesOf = (models, id, workflow) =>
  models.find((model) => model.id === id)?.workflows.find(({ name }) => name === workflow)?.stages ?? [];

/** The model that draws a model's prompts in fewer steps; undefined where the server has none now. */
export const draftOf = (model, models) => models.find(({ id, ready }) => id === model?.draft && ready !== false);

/** What a draft takes over from a request, and what it does in its own way. */
const DRAFTED = ["prompt", "size", "seed", "noise", "output_format", "preview"];
const OWN_OF_DRAFTS = ["model", "n", "negative_prompt", "num_inference_steps", "guidance_scale", "sampler", "schedule", "eta"];

/** The request for a draft; the same request where there is none, or where it has what a draft may not know, such as LoRAs. */
export function drafted(body, draft) {
  const names = Object.keys(body);
  if (!draft || names.some((name) => ![...DRAFTED, ...OWN_OF_DRAFTS].includes(name))) return body;
  return { model: draft.id, ...Object.fromEntries(names.filter((name) => DRAFTED.includes(name)).map((name) => [name, body[name]])) };
}

/** Whether the model makes clouds of points, of which its pictures are pictures. */
export const makesPoints = (model) => Boolean(model) && tasks(model).some((task) => fieldOf(task, "output_format")?.values.includes("ply"));

/** Whether some task of the model begins with a picture. */
export const takesImage = (model) => Boolean(model) && tasks(model).some((task) => fieldOf(task, "init_image"));

/**
 * How a picture can be made larger: by a model's workflow that enlarges pictures, or by the model that made it, with the same seed at a
 * size that the model upsamples to. Null where there is no such way.
 */
export function enlarging({ body, outcome }, models) {
  for (const model of models.filter((known) => known.ready !== false)) {
    const workflow = model.workflows.find((task) => task.enlarges > 1 && fieldOf(task, "init_image") && enlarges(task, outcome));
    if (workflow) return { model: model.id, takesPicture: true, takesPrompt: Boolean(fieldOf(workflow, "prompt")) };
  }
  const model = models.find((known) => known.id === body.model);
  const factor = model?.upsample_factor ?? 1;
  const [width, height] = [outcome.width, outcome.height].map((side) => side * factor);
  const fits = factor > 1 && body.strength === undefined && IMAGES.every((name) => !body[name]) && tasks(model).some((task) => imagesOf(task).length === 0
    && task.ranges.some((range) => range.upsampled && isWithin(range, width, height)) && outcome.width <= model.native_size
    && outcome.height <= model.native_size);
  return fits ? { model: model.id, takesPicture: false, size: `${width}x${height}` } : null;
}

/** Whether a workflow enlarges an image. The server rounds down what is no multiple. */
const enlarges = ({ enlarges: factor, sizes: range }, { width, height }) =>
  isWithin(range, ...[width, height].map((side) => Math.floor((side * factor) / range.multiple) * range.multiple));

/** Whether a workflow makes pictures of a size. */
export const isWithin = ({ min, max, multiple }, ...sides) =>
  sides.every((side) => side >= min && side <= max && side % multiple === 0);

/**
 * Seconds of an image at idle nodes: at each stage of the model its network calls, by the measured time of one at the fastest node.
 * Undefined where the time of a diffusion is not known.
 *
 * @param steps of the diffusions that a request decides about
 * @param stages of the cluster
 */
export function expectedSeconds(model, steps, stages) {
  let seconds = 0;
  for (const { node: kind, forwards } of model.workflows[0].stages) {
    const times = stages.filter(({ stage }) => stage === kind).flatMap(({ nodes }) => nodes)
      .map((node) => [node, node.models.find(({ id, loaded }) => id === model.id && loaded)])
      .map(([node, own]) => own && (own.forward_seconds ?? node.step_seconds)).filter((time) => time > 0);
    if (times.length > 0) seconds += Math.min(...times) * (forwards ?? steps);
    else if (!(forwards <= 1)) return undefined;
  }
  return seconds;
}
