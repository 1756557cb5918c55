// All pictures that the browser or the server keeps, newest first. Searches and compares.

import { compare } from "./compare.js";
import { entriesOf, listJobs } from "./elsewhere.js";
import { loadEntries, loadPicture } from "./store.js";
import { images } from "./words.js";
import { serverUrl } from "./server.js";

const PAGE = 60;
const byId = (id) => document.getElementById(id);
const part = (tile, name) => tile.querySelector(`[data-testid=${name}]`);
const SEARCHED = ["prompt", "negative_prompt", "model", "sampler", "schedule", "size"];

let entries = [];
let most = PAGE;
let marked = [];

export function startHistory() {
  byId("search").addEventListener("input", () => {
    most = PAGE;
    show();
  });
  byId("moreHistory").onclick = () => {
    most += PAGE;
    show();
  };
}

export async function showHistory() {
  const kept = await loadEntries();
  entries = kept;
  most = PAGE;
  await show();
  const others = entriesOf(await listJobs(200), kept);
  if (others.length === 0) return;
  entries = [...kept, ...others].sort((one, other) => other.at - one.at);
  await show();
}

/** Every word must be somewhere in the settings. */
function matches({ body, outcome }, words) {
  const loras = (body.loras ?? []).map((lora) => lora.name);
  const text = [...SEARCHED.map((name) => body[name]), outcome.seed, ...loras].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

let shows = 0;

async function show() {
  const ticket = ++shows;
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => matches(entry, words));
  const shown = found.slice(0, most);
  const tiles = await Promise.all(shown.map(tileOf));
  // A later search was faster.
  if (ticket !== shows) return;
  for (const old of byId("tiles").querySelectorAll("img")) URL.revokeObjectURL(old.src);
  byId("tiles").replaceChildren(...tiles);
  marked = [];
  byId("found").textContent = words.length > 0 ? `${found.length} of ${images(entries.length)}` : images(entries.length);
  byId("noHistory").hidden = found.length > 0;
  byId("noHistory").textContent = entries.length > 0 ? "No image has all of these words." : "Finished images are kept here.";
  byId("moreHistory").hidden = found.length <= shown.length;
}

async function tileOf(entry) {
  const tile = byId("tile").content.firstElementChild.cloneNode(true);
  const here = await loadPicture(entry, entry.sample);
  const there = serverUrl(`v1/jobs/${entry.job}/images/${entry.sample}`);
  const frame = part(tile, "enlarge");
  const label = entry.body.prompt || entry.body.model || "Image";
  frame.entry = entry;
  frame.setAttribute("aria-label", `Enlarge: ${label}`);
  part(tile, "picture").src = here ? URL.createObjectURL(here) : there.href;
  part(tile, "picture").alt = label;
  part(tile, "picture").onerror = () => { frame.disabled = true; };
  part(tile, "caption").textContent = part(tile, "caption").title = label;
  part(tile, "compare").setAttribute("aria-label", `Compare: ${label}`);
  part(tile, "compare").onclick = () => mark(frame, part(tile, "compare"));
  return tile;
}

/** The second mark opens the comparison. */
function mark(frame, button) {
  const at = marked.findIndex((other) => other.frame === frame);
  if (at >= 0) marked.splice(at, 1);
  else marked.push({ frame, button });
  button.setAttribute("aria-pressed", String(at < 0));
  if (marked.length < 2) return;
  compare(...marked.map((other) => other.frame));
  for (const other of marked.splice(0)) other.button.setAttribute("aria-pressed", "false");
}
