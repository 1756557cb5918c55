// The lists of the form: LoRAs with weights, ControlNets and T2I-Adapters with an image, a scale and a preprocessor, and IP-Adapters with
// images and a scale. Shown where the model has some.

import { LISTS } from "./models.js";
import { ImageSlot } from "./slot.js";

const MOST_IMAGES = 4;
const byId = (id) => document.getElementById(id);
const part = (row, name) => row.querySelector(`[data-testid=${name}]`);

/** What there is of each list: its name for people, the most entries, the template of a row, and what a row does. */
const KINDS = {
  loras: { label: "a LoRA", most: 8, template: "loraRow", row: loraRow, once: true },
  controlnets: { label: "a ControlNet or T2I-Adapter", most: 3, template: "controlRow", row: controlRow },
  ip_adapters: { label: "an IP-Adapter", most: 4, template: "adapterRow", row: adapterRow },
};

const empty = () => Object.fromEntries(LISTS.map((kind) => [kind, []]));
/** By kind: the rows in order, each with its element, its name, its images, and what it is in a request. */
const rows = empty();
let names = empty();
let changed = () => {};

/** @param onChange called after the user has changed a list */
export function startRows(onChange) {
  changed = onChange;
  for (const kind of LISTS) {
    byId(`${kind}Add`).onchange = async ({ target }) => {
      await add(kind, { name: target.value });
      changed();
      showAdd(kind);
    };
    byId(kind).addEventListener("input", changed);
  }
}

/** @param values of earlier requests: the lists, or none */
export async function showRows(model, values) {
  names = Object.fromEntries(LISTS.map((kind) => [kind, model[kind] ?? []]));
  for (const kind of LISTS) {
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

/** What is missing before a request may be sent. */
export function missingInRows() {
  const row = [...rows.controlnets, ...rows.ip_adapters].find(({ slots }) => !slots.some((slot) => slot.value));
  return row && { message: `Choose an image for ${row.name}, or remove it` };
}

/** Whether the list can take one more image. */
export const canTake = (kind) => names[kind].length > 0 && (rows[kind].length < KINDS[kind].most || Boolean(freeSlot(kind)));

const freeSlot = (kind) => rows[kind].flatMap((row) => row.slots).find((slot) => !slot.blob);

/** Uses an image for the first ControlNet or IP-Adapter that can take one, or for a new one. */
export async function putImage(kind, blob) {
  const slot = freeSlot(kind) ?? (await add(kind, { name: names[kind][0] })).slots[0];
  await slot.set(blob);
  showAdd(kind);
}

async function add(kind, value) {
  const element = byId(KINDS[kind].template).content.firstElementChild.cloneNode(true);
  const row = KINDS[kind].row(element, value);
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
  const images = value.images ?? [value.image];
  await Promise.all(row.slots.map((slot, at) => slot.restore(images[at])));
  row.shown?.();
  return row;
}

/** Another weight for the text encoders is that of an earlier request, and holds until the weight is changed. */
function loraRow(element, { name, weight = 1, text_weight }) {
  const input = labelled(element, "weight", weight, `Weight of ${name}`);
  return { element, name, slots: [], value: () => (
    { name, weight: Number(input.value), ...(Number(input.value) === weight && { text_weight }) }) };
}

function controlRow(element, { name, scale = 1, preprocess = "none", start, end, guess }) {
  const slot = new ImageSlot(`Image for ${name}`, changed);
  element.append(slot.element);
  const strength = labelled(element, "scale", scale, `Scale of ${name}`);
  const made = labelled(element, "preprocess", preprocess, `What is made of the image for ${name} first`);
  return { element, name, slots: [slot], value: () => (
    { name, image: slot.value, scale: Number(strength.value), preprocess: made.value, start, end, guess }) };
}

/** Shows one empty place after the images. */
function adapterRow(element, { name, scale = 1 }) {
  const slots = [];
  const shown = () => {
    const filled = slots.filter((slot) => slot.blob).length;
    slots.filter((slot) => !slot.blob).forEach((slot, at) => { slot.element.hidden = at > 0 || filled === MOST_IMAGES; });
    slots.filter((slot) => slot.blob).forEach((slot) => { slot.element.hidden = false; });
  };
  for (let at = 0; at < MOST_IMAGES; at++) {
    slots.push(new ImageSlot(`Image ${at + 1} for ${name}`, () => {
      shown();
      changed();
    }));
    element.querySelector(".slots").append(slots[at].element);
  }
  const strength = labelled(element, "scale", scale, `Scale of ${name}`);
  return { element, name, slots, shown, value: () => (
    { name, images: slots.map((slot) => slot.value).filter(Boolean), scale: Number(strength.value) }) };
}

function labelled(element, name, value, label) {
  const input = part(element, name);
  input.value = value;
  input.setAttribute("aria-label", label);
  return input;
}

function showAdd(kind) {
  const { label, most, once } = KINDS[kind];
  const left = names[kind].filter((name) => !once || !rows[kind].some((row) => row.name === name));
  const add = byId(`${kind}Add`);
  add.replaceChildren(new Option(`Add ${label}…`, ""), ...left.map((name) => new Option(name, name)));
  add.hidden = left.length === 0 || rows[kind].length >= most;
}
