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
/** By entry: each tile that was shown, or a promise of it. A search shows them again without loading their pictures again. */
const tiles = new Map();
const keyOf = ({ id, sample }) => `${id} ${sample}`;

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
  entries = [...kept, ...others].sort((one, other) => other.at - one.at);
  if (others.length > 0) await show();
  const known = new Set(entries.map(keyOf));
  for (const [key, tile] of [...tiles].filter(([each]) => !known.has(each))) {
    tiles.delete(key);
    URL.revokeObjectURL(part(await tile, "picture").src);
  }
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
  for (const entry of shown.filter((each) => !tiles.has(keyOf(each)))) tiles.set(keyOf(entry), tileOf(entry));
  const ready = await Promise.all(shown.map((entry) => tiles.get(keyOf(entry))));
  // A later search was faster.
  if (ticket !== shows) return;
  byId("tiles").replaceChildren(...ready);
  unmark(marked.filter(({ frame }) => !frame.isConnected));
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
  part(tile, "picture").onerror = () => {
    part(tile, "picture").removeAttribute("src");
    part(tile, "gone").hidden = false;
  };
  part(tile, "caption").textContent = part(tile, "caption").title = label;
  part(tile, "when").textContent = new Date(entry.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  part(tile, "compare").setAttribute("aria-label", `Compare: ${label}`);
  part(tile, "compare").onclick = () => mark(frame, part(tile, "compare"));
  return tile;
}

/** The second mark opens the comparison. */
function mark(frame, button) {
  if (marked.some((other) => other.frame === frame)) {
    unmark(marked.filter((other) => other.frame === frame));
    return;
  }
  marked.push({ frame, button });
  button.setAttribute("aria-pressed", "true");
  if (marked.length < 2) return;
  compare(...marked.map((other) => other.frame));
  unmark(marked);
}

function unmark(those) {
  marked = marked.filter((each) => !those.includes(each));
  for (const { button } of those) button.setAttribute("aria-pressed", "false");
}
