// One image of this page, followed through the cluster: its picture, and the nodes where it is and was.

import { foremost, placeOf, planOf } from "./places.js";
import { title } from "./words.js";

const byId = (id) => document.getElementById(id);
let chosen = null;

export function startFollowing() {
  byId("columns").addEventListener("click", ({ target }) => {
    const dot = target.closest("[data-sample]");
    if (!dot || dot.tagName !== "BUTTON") return;
    chosen = dot.dataset.sample;
    showFollowed();
  });
}

/** The image that was chosen until it is over, else the one that is made first. */
export function showFollowed() {
  if (chosen && placeOf(chosen)?.isOver && !placeOf(foremost()).isOver) chosen = null;
  const name = chosen ?? foremost();
  const place = name && placeOf(name);
  byId("followed").hidden = !place;
  for (const dot of byId("columns").querySelectorAll("button[data-sample]")) {
    dot.setAttribute("aria-pressed", String(dot.dataset.sample === name));
  }
  if (!place) return;
  const { card, stops, isOver } = place;
  const src = card.element.querySelector("[data-testid=picture]").src;
  if (byId("followedPicture").src !== src) byId("followedPicture").src = src;
  byId("followedPicture").hidden = !src;
  byId("followedName").textContent = card.label;
  byId("followedState").textContent = card.text;
  const lines = linesOf(stops, planOf(name), isOver);
  const key = JSON.stringify(lines);
  if (byId("stops").dataset.key === key) return;
  byId("stops").dataset.key = key;
  byId("stops").replaceChildren(...lines.map(lineOf));
}

/** The stops, and where the plan says that the image was unseen or will be. */
function linesOf(stops, plan, isOver) {
  const seen = stops.map(({ at, ...stop }, order) => ({ ...stop, isHere: !isOver && order === stops.length - 1 }));
  const reached = plan.findLastIndex(({ name }) => stops.some((stop) => stop.stage === name));
  const planned = plan.flatMap(({ name }, at) => {
    const there = seen.filter(({ stage }) => stage === name);
    return there.length > 0 ? there : [{ stage: name, isPlanned: at > reached }];
  });
  return [...planned, ...seen.filter(({ stage }) => !plan.some(({ name }) => name === stage))];
}

function lineOf({ stage, node, step, total, seconds, left, isHere, isPlanned }) {
  const line = document.createElement("li");
  line.dataset.testid = "stop";
  if (left) line.dataset.left = "";
  if (isPlanned) line.dataset.planned = "";
  if (isHere) line.setAttribute("aria-current", "step");
  const what = left || [step && `${step} of ${total}`, seconds !== undefined && time(seconds)].filter(Boolean).join(" · ");
  const otherwise = isHere ? "here" : isPlanned ? "to come" : "passed";
  line.append(Object.assign(document.createElement("b"), { textContent: title(stage.replaceAll("-", " ")) }),
    ...[node, what || otherwise].filter(Boolean).map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  return line;
}

const time = (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`);
