// Two pictures side by side, and the settings in which they differ.

import { settingsOf } from "./settings.js";

/** What differs between any two pictures. */
const WITHOUT_WORTH = ["Image", "Made in", "Made at"];
const byId = (id) => document.getElementById(id);

/** @param frames two buttons with a picture and its entry */
export function compare(...frames) {
  const [one, other] = frames.map((frame) => settingsOf(frame.entry));
  frames.forEach((frame, at) => {
    const { src, alt } = frame.querySelector("img");
    Object.assign(byId(`compared${at}`), { src, alt, hidden: !src });
  });
  const names = Object.keys({ ...one, ...other }).filter((name) => one[name] !== other[name] && !WITHOUT_WORTH.includes(name));
  byId("differences").replaceChildren(...names.map((name) => row(name, one[name] ?? "–", other[name] ?? "–")));
  byId("same").hidden = names.length > 0;
  byId("compareDialog").showModal();
}

function row(name, ...values) {
  const line = document.createElement("tr");
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
  line.append(head, ...values.map((value) => Object.assign(document.createElement("td"), { textContent: value })));
  return line;
}
