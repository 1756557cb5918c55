// The names of Stable Diffusion web UI (Automatic1111, Forge) for samplers and schedules, as Weir names them. Stateless.

const SCHEDULES = ["karras", "exponential", "normal", "uniform", "beta"];
/** Names that are not made by the rule below. */
const SAMPLERS = { plms: "pndm" };
/** What the schedule "Automatic" is there, by Weir's names of samplers: modules/sd_samplers_kdiffusion.py. */
const AUTOMATIC = [[/^dpmpp_.*_sde$/, "exponential"], [/^(dpmpp_2m|kdpm2|kdpm2_ancestral)$/, "karras"], [/^(euler|lms|heun|unipc)$/, "normal"]];

/** @returns the sampler and the schedule of a request. Names that are not of that program stay as they are */
export function namesOf(sampler, schedule = "") {
  if (!/[A-Z+ ]/.test(sampler)) return { sampler, schedule };
  // Before version 1.9 the schedule was a part of the sampler's name. A name without one meant "normal".
  const [, name, suffix] = sampler.match(/^(.*?)(?: (karras|exponential))?$/i);
  const own = samplerOf(name.toLowerCase());
  return { sampler: own, schedule: scheduleOf(schedule || suffix || (automaticOf(own) && "normal"), own) };
}

/** "DPM++ 2M SDE" is dpmpp_2m_sde, "DPM2 a" is kdpm2_ancestral. */
const samplerOf = (name) => SAMPLERS[name]
  ?? name.replace("dpm++", "dpmpp").replace("dpm2", "kdpm2").replace(/ a$/, "_ancestral").replaceAll(" ", "_");

/** Empty for samplers that have no such choice. */
const automaticOf = (sampler) => AUTOMATIC.find(([samplers]) => samplers.test(sampler))?.[1] ?? "";

function scheduleOf(named, sampler) {
  const name = named.toLowerCase();
  if (name === "automatic") return automaticOf(sampler);
  if (name === "uniform") return "normal";
  return SCHEDULES.includes(name) ? name : named;
}
