// The images of the form: one slot for each image that the model takes, and the mask's painter. Decides which task the images make.

import { paint } from "./painter.js";
import { fieldOf, IMAGES, tasks } from "./models.js";
import { ImageSlot } from "./slot.js";

const LABELS = { init_image: "Input image", mask: "Mask", depth_map: "Depth map", control_image: "Control image" };
const place = document.getElementById("images");
const paintButton = document.getElementById("paint");
let slots = {};

/** @param changed called with the field whose image has changed */
export function startInputs(changed) {
  slots = Object.fromEntries(IMAGES.map((name) => [name, new ImageSlot(LABELS[name], () => {
    if (name === "init_image" && slots.mask.blob) slots.mask.set(null);
    showPaint();
    changed(name);
  })]));
  IMAGES.forEach((name) => { slots[name].element.dataset.field = name; });
  place.prepend(...IMAGES.map((name) => slots[name].element));
  paintButton.onclick = async () => {
    const mask = await paint(slots.init_image.blob, slots.mask.blob);
    if (mask !== undefined) slots.mask.set(mask);
    paintButton.focus();
  };
}

let canMask = false;

export function showInputs(model, task) {
  for (const name of IMAGES) slots[name].element.hidden = !fieldOf(task, name);
  canMask = tasks(model).some((other) => fieldOf(other, "mask") && fieldOf(other, "init_image"));
  place.hidden = IMAGES.every((name) => slots[name].element.hidden);
  showPaint();
}

function showPaint() {
  paintButton.hidden = !canMask || !slots.init_image?.blob || slots.init_image.element.hidden;
  paintButton.textContent = slots.mask.blob ? "Paint the mask again" : "Paint a mask";
}

export const put = (name, blob) => slots[name].set(blob);

/** What the images of a task are in a request. */
export function imageValues(task) {
  const taken = IMAGES.filter((name) => fieldOf(task, name) && slots[name].value);
  return Object.fromEntries(taken.map((name) => [name, slots[name].value]));
}

export const hasImage = (name) => Boolean(slots[name].blob);

/** The first image that the task needs and that is not there. */
export function missingImage(task) {
  const name = IMAGES.find((image) => fieldOf(task, image)?.required && !slots[image].value);
  return name && { param: name, message: `${LABELS[name]}: choose one, or drop or paste it here` };
}

export async function restoreInputs(body) {
  await Promise.all(IMAGES.map((name) => slots[name].restore(body[name])));
  showPaint();
}
