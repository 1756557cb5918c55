// All settings of a finished picture in words. Stateless.

import { IMAGES } from "./models.js";
import { title } from "./words.js";

const NAMES = { num_inference_steps: "Steps", guidance_scale: "Guidance", init_image: "Input image" };

/** By the name that people read, in the order of reading. */
export function settingsOf({ body, outcome, at, sample }) {
  const { prompt, negative_prompt, model, n, seed, size, preview, output_format, loras, controlnets, ip_adapters: adapters, ...others } = body;
  const settings = {
    "Prompt": prompt,
    "Negative prompt": negative_prompt,
    "Model": model,
    "Seed": outcome.seed,
    "Size": `${outcome.width} × ${outcome.height}`,
  };
  for (const [name, value] of Object.entries(others)) {
    settings[NAMES[name] ?? title(name)] = IMAGES.includes(name) ? "given" : value;
  }
  settings.LoRAs = loras?.map((lora) => `${lora.name} ${lora.weight}`).join(", ");
  settings.ControlNets = controlnets?.map((net) => `${net.name} ${net.scale} (${net.preprocess})`).join(", ");
  settings["IP-Adapters"] = adapters?.map((adapter) => `${adapter.name} ${adapter.scale}`).join(", ");
  settings.Image = n > 1 ? `${sample + 1} of ${n}` : undefined;
  settings["Made in"] = `${outcome.seconds.toFixed(1)} s`;
  settings["Made at"] = new Date(at).toLocaleString();
  return Object.fromEntries(Object.entries(settings)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => [name, String(value)]));
}
