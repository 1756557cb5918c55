// The settings in the text of a picture's file as the body of a request. Stateless.

import { namesOf } from "./a1111.js";
import { parseSeed } from "./seed.js";

const SETTING = /\s*([\w][\w /-]*):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)/g;

/** The names of numbers in the file, and in the API. */
const NUMBERS = {
  "Steps": "num_inference_steps",
  "CFG scale": "guidance_scale",
  "Denoising strength": "strength",
  "Eta": "eta",
  "Guidance rescale": "guidance_rescale",
  "Guidance start": "guidance_start",
  "Guidance end": "guidance_end",
  "Class label": "class_label",
  "Refiner switch at": "refiner_start",
  "Prior steps": "prior_steps",
  "Prior guidance scale": "prior_guidance_scale",
  "Noise level": "noise_level",
  "Image CFG scale": "image_guidance_scale",
  "Mask blur": "mask_blur",
  "Masked area padding": "padding_mask_crop",
};
const TEXTS = {
  "Size": "size",
  "Model": "model",
  "Masked content": "masked_content",
  "Prompt syntax": "prompt_syntax",
  "Original size": "original_size",
  "Upscaler": "upscaler",
};
/** Those that are read in some other way, and those that change no image: what made the file, and sums of files. */
const READ = ["Sampler", "Schedule type", "Seed", "Clip skip", "Loras", "RNG", "Crop", "Guidance reuse", "Inpaint area"];
const WITHOUT_EFFECT = /^(Version|Engine|Workflow|.* hash(es)?)$/;

/** @param text the prompt, the negative prompt and one line of settings; null where it is not that */
export function bodyOf(text) {
  const settings = settingsOf(text);
  if (!settings) return null;
  const [prompt, ...negative] = text.slice(0, lastLine(text)).split(/(?:^|\n)Negative prompt: /);
  const body = { prompt };
  if (negative.length > 0) body.negative_prompt = negative.join("\nNegative prompt: ");
  for (const [name, field] of Object.entries(TEXTS)) {
    if (settings[name]) body[field] = settings[name];
  }
  for (const [name, field] of Object.entries(NUMBERS)) {
    if (settings[name] && Number.isFinite(Number(settings[name]))) body[field] = Number(settings[name]);
  }
  if (settings.Sampler) Object.assign(body, namesOf(settings.Sampler, settings["Schedule type"]));
  if (!body.schedule) delete body.schedule;
  if (/^\d+$/.test(settings.Seed ?? "")) body.seed = parseSeed(settings.Seed);
  // Tools count the last layer as 1, the API as 0.
  if (Number(settings["Clip skip"]) > 1) body.clip_skip = Number(settings["Clip skip"]) - 1;
  if (settings["Guidance reuse"]) body.guidance_reuse = true;
  if (settings.Crop) body.crop = settings.Crop.replace("+", ",");
  if (settings.Loras) body.loras = settings.Loras.split(" ").map(lora);
  return { ...body, ...ofTheTool(settings) };
}

/** The settings of the file that no request has a field for, by their names there. */
export const otherSettings = (text) => Object.entries(settingsOf(text) ?? {})
  .filter(([name]) => ![...Object.keys(NUMBERS), ...Object.keys(TEXTS), ...READ].includes(name) && !WITHOUT_EFFECT.test(name));

const lastLine = (text) => Math.max(text.lastIndexOf("\nSteps: "), text.startsWith("Steps: ") ? 0 : -1);

function settingsOf(text) {
  const last = lastLine(text);
  return last < 0 ? null
    : Object.fromEntries([...text.slice(last).matchAll(SETTING)].map(([, name, value]) => [name, unquoted(value.trim())]));
}

/** Values with commas, colons or line breaks are in quotes. */
function unquoted(value) {
  return value.length > 1 && value.startsWith("\"") && value.endsWith("\"")
    ? value.slice(1, -1).replace(/\\(.)/g, (all, letter) => (letter === "n" ? "\n" : letter)) : value;
}

/** Automatic1111 writes its version, draws noise as a GPU does unless it says otherwise, and has its own syntax of prompts. */
function ofTheTool({ RNG: noise = "", Version: version = "" }) {
  const isTheirs = /^f?v?\d/.test(version);
  const said = { CPU: "", GPU: "cuda", NV: "cuda" }[noise] ?? noise;
  return { ...((said || (isTheirs && !noise)) && { noise: said || "cuda" }), ...(isTheirs && { prompt_syntax: "a1111" }) };
}

/** A LoRA with another weight for the text encoders has that first. */
function lora(text) {
  const [name, ...weights] = text.split(":");
  return { name, weight: Number(weights.at(-1)), ...(weights.length > 1 && { text_weight: Number(weights[0]) }) };
}
