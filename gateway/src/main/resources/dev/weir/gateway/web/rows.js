// The lists of the form: LoRAs with weights, and ControlNets with an image, a scale and a preprocessor. Shown where the model has some.

import { ImageSlot } from "./slot.js";

const MOST = { loras: 8, controlnets: 3 };
const byId = (id) => document.getElementById(id);
const part = (row, name) => row.querySelector(`[data-testid=${name}]`);

/** By kind: the rows in order, each with its element, its name, and what it is in a request. */
const rows = { loras: [], controlnets: [] };
let names = { loras: [], controlnets: [] };
let changed = () => {};

/** @param onChange called after the user has changed a list */
export function startRows(onChange) {
  changed = onChange;
  for (const kind of Object.keys(rows)) {
    byId(`${kind}Add`).onchange = ({ target }) => {
      add(kind, { name: target.value });
      changed();
      showAdd(kind);
    };
    byId(kind).addEventListener("input", changed);
  }
}

/** @param values of earlier requests: loras and controlnets, or neither */
export async function showRows(model, values) {
  names = { loras: model.loras ?? [], controlnets: model.controlnets ?? [] };
  for (const kind of Object.keys(rows)) {
    rows[kind].splice(0).forEach((row) => row.element.remove());
    for (const value of values[kind] ?? []) {
      if (names[kind].includes(value.name)) await add(kind, value);
    }
    byId(kind).hidden = names[kind].length === 0;
    showAdd(kind);
  }
}

/** What of the lists a request has. */
export function rowValues() {
  const filled = Object.entries(rows).filter(([, list]) => list.length > 0);
  return Object.fromEntries(filled.map(([kind, list]) => [kind, list.map((row) => row.value())]));
}

export const missingControl = () => rows.controlnets.some((row) => !row.slot.value)
  && { message: "Choose an image for each ControlNet, or remove it" };

export const canControl = () => names.controlnets.length > 0 && rows.controlnets.length < MOST.controlnets;

/** Uses an image for the first ControlNet without one, or for a new one. */
export async function putControl(blob) {
  const row = rows.controlnets.find((other) => !other.slot.blob) ?? await add("controlnets", { name: names.controlnets[0] });
  await row.slot.set(blob);
  showAdd("controlnets");
}

async function add(kind, value) {
  const element = byId(kind === "loras" ? "loraRow" : "controlRow").content.firstElementChild.cloneNode(true);
  const row = kind === "loras" ? loraRow(element, value) : controlRow(element, value);
  part(element, "rowName").textContent = value.name;
  part(element, "removeRow").setAttribute("aria-label", `Remove ${value.name}`);
  part(element, "removeRow").onclick = () => {
    rows[kind].splice(rows[kind].indexOf(row), 1);
    element.remove();
    byId(`${kind}Add`).focus();
    changed();
    showAdd(kind);
  };
  rows[kind].push(row);
  byId(`${kind}Add`).before(element);
  if (row.slot) await row.slot.restore(value.image);
  return row;
}

function loraRow(element, { name, weight = 1 }) {
  const input = part(element, "weight");
  input.value = weight;
  input.setAttribute("aria-label", `Weight of ${name}`);
  return { element, name, value: () => ({ name, weight: Number(input.value) }) };
}

function controlRow(element, { name, scale = 1, preprocess = "none", start, end, guess }) {
  const slot = new ImageSlot(`Image for ${name}`, changed);
  element.append(slot.element);
  part(element, "scale").value = scale;
  part(element, "scale").setAttribute("aria-label", `Scale of ${name}`);
  part(element, "preprocess").value = preprocess;
  part(element, "preprocess").setAttribute("aria-label", `What is made of the image for ${name} first`);
  return { element, name, slot, value: () => ({
    name, image: slot.value, scale: Number(part(element, "scale").value), preprocess: part(element, "preprocess").value, start, end, guess,
  }) };
}

function showAdd(kind) {
  const left = names[kind].filter((name) => kind === "controlnets" || !rows.loras.some((row) => row.name === name));
  const add = byId(`${kind}Add`);
  add.replaceChildren(new Option(kind === "loras" ? "Add a LoRA…" : "Add a ControlNet…", ""), ...left.map((name) => new Option(name, name)));
  add.hidden = left.length === 0 || rows[kind].length >= MOST[kind];
}
