// A dot for each image that a node holds. A dot moves when its image does. The dots of this page's own images are buttons.

import { placeOf } from "./places.js";

const MOST = 64;
const MOVE_MS = 700;

/** By JOB/NUMBER. */
const dots = new Map();

/**
 * @param box the dots of a node
 * @param names of the images, as far as the node says them
 * @param count how many images there are
 * @param waiting how many of these wait
 */
export function showDots(box, names, count, waiting) {
  const shown = names.slice(0, MOST);
  const nameless = Math.max(0, Math.min(MOST, count) - shown.length);
  const old = [...box.children].filter((dot) => !dot.dataset.sample);
  old.slice(nameless).forEach((dot) => dot.remove());
  for (let at = old.length; at < nameless; at++) box.append(document.createElement("i"));
  shown.forEach((name) => move(dotOf(name), box));
  for (const dot of [...box.children].filter((other) => other.dataset.sample && !shown.includes(other.dataset.sample))) {
    // It may be at another node, which is shown after this one.
    dot.dataset.left = "";
  }
  const all = [...box.children].filter((dot) => dot.dataset.left === undefined);
  all.forEach((dot, at) => dot.classList.toggle("waits", at >= all.length - waiting));
}

/** Call it after all nodes: images that no node holds have ended. */
export function dropDots() {
  for (const [name, dot] of dots) {
    if (dot.dataset.left === undefined && dot.isConnected) continue;
    dot.remove();
    dots.delete(name);
  }
}

function dotOf(name) {
  const place = placeOf(name);
  const kind = place ? "BUTTON" : "I";
  const known = dots.get(name);
  if (known?.tagName === kind) return known;
  const dot = document.createElement(kind);
  known?.replaceWith(dot);
  dot.dataset.sample = name;
  if (place) {
    dot.type = "button";
    dot.dataset.testid = "dot";
    dot.title = place.card.label;
    dot.setAttribute("aria-label", `Follow: ${place.card.label}`);
  }
  dots.set(name, dot);
  return dot;
}

function move(dot, box) {
  delete dot.dataset.left;
  if (dot.parentElement === box) return;
  const from = dot.isConnected ? dot.getBoundingClientRect() : null;
  const hadFocus = dot === document.activeElement;
  box.append(dot);
  if (hadFocus) dot.focus();
  if (!from || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const to = dot.getBoundingClientRect();
  dot.animate([{ translate: `${from.x - to.x}px ${from.y - to.y}px`, zIndex: 1 }, { translate: "0 0", zIndex: 1 }],
    { duration: MOVE_MS, easing: "ease-in-out" });
}
