// Says which settings of an earlier request or of a picture's file the form did not take over. Stateless.

import { LISTS } from "./models.js";

/** What the form sets itself, or what does not change an image. */
const NOT_SETTINGS = ["n", "seed", "preview", "output_format", "output_compression"];

/**
 * @param asked the request that was to be taken over
 * @param taken the request that the form makes now
 * @param later the fields that the form takes when their images are there
 * @param others settings that no request has a field for: their names and values
 */
export function showLost(asked, taken, later, others) {
  const missing = Object.entries(asked).filter(([name]) => !NOT_SETTINGS.includes(name));
  const textOf = (entries) => entries.flatMap(([name, value]) => lostOf(name, value, taken[name]));
  const lost = [...textOf(missing.filter(([name]) => !later.includes(name))), ...others.map((setting) => setting.join(" "))];
  const waiting = textOf(missing.filter(([name]) => later.includes(name)));
  const line = document.getElementById("notTaken");
  line.hidden = lost.length + waiting.length === 0;
  line.textContent = [lost.length > 0 && `Not taken over: ${lost.join("; ")}.`,
    waiting.length > 0 && `For when you add the image: ${waiting.join("; ")}.`].filter(Boolean).join(" ");
}

export const hideLost = () => { document.getElementById("notTaken").hidden = true; };

function lostOf(name, value, taken) {
  const words = name.replaceAll("_", " ");
  if (LISTS.includes(name)) {
    const names = (taken ?? []).map((file) => file.name);
    return value.filter((file) => !names.includes(file.name)).map((file) => `${words} ${file.name}`);
  }
  if (value === undefined || value === "" || String(value) === String(taken)) return [];
  return [String(value).startsWith("upload:") ? words : `${words} ${value}`];
}
