// The settings in the text of a picture's file as the body of a request. Stateless.

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
  "Sampler": "sampler",
  "Schedule type": "schedule",
  "Size": "size",
  "Model": "model",
  "Masked content": "masked_content",
};

/** @param text the prompt, the negative prompt and one line of settings; null where it is not that */
export function bodyOf(text) {
  const last = Math.max(text.lastIndexOf("\nSteps: "), text.startsWith("Steps: ") ? 0 : -1);
  if (last < 0) return null;
  const settings = Object.fromEntries([...text.slice(last).matchAll(SETTING)].map(([, name, value]) => [name, value.trim()]));
  const [prompt, ...negative] = text.slice(0, last).split(/(?:^|\n)Negative prompt: /);
  const body = { prompt };
  if (negative.length > 0) body.negative_prompt = negative.join("\nNegative prompt: ");
  for (const [name, field] of Object.entries(TEXTS)) {
    if (settings[name]) body[field] = settings[name];
  }
  for (const [name, field] of Object.entries(NUMBERS)) {
    if (settings[name] && Number.isFinite(Number(settings[name]))) body[field] = Number(settings[name]);
  }
  if (/^\d+$/.test(settings.Seed ?? "")) body.seed = parseSeed(settings.Seed);
  // Tools count the last layer as 1, the API as 0.
  if (Number(settings["Clip skip"]) > 1) body.clip_skip = Number(settings["Clip skip"]) - 1;
  if (settings["Guidance reuse"]) body.guidance_reuse = true;
  if (settings.Loras) body.loras = settings.Loras.split(" ").map(lora);
  return body;
}

/** A LoRA with two weights is there twice, first for the text encoders. The page has one weight for each. */
function lora(text) {
  const [name, ...weights] = text.split(":");
  return { name, weight: Number(weights.at(-1)) };
}
