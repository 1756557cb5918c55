// A size of the user's own: two fields that appear when "Own size" is chosen among the sizes, and that add their size to the list.

import { isWithin } from "./models.js";

const OWN = "own";
const byId = (id) => document.getElementById(id);
const sides = () => [byId("ownWidth"), byId("ownHeight")];
let select = null;
let task = null;
/** The size that was chosen before "Own size". */
let former = "";

/** @param changed called when another size is chosen here */
export function startOwnSize(sizes, changed) {
  select = sizes;
  select.addEventListener("change", () => {
    byId("ownSize").hidden = true;
    sides().forEach((side) => side.setCustomValidity(""));
    if (select.value !== OWN) {
      former = select.value;
      return;
    }
    const [width, height] = /^\d+x\d+$/.test(former) ? former.split("x") : ["", ""];
    [byId("ownWidth").value, byId("ownHeight").value] = [width, height];
    select.value = former;
    byId("ownSize").hidden = false;
    byId("ownWidth").focus();
    changed();
  });
  for (const side of sides()) {
    side.addEventListener("input", (event) => {
      event.stopPropagation();
      if (take()) changed();
    });
  }
}

/** Adds "Own size" to the sizes of a task. */
export function showOwnSize(shown) {
  task = shown;
  former = select.value;
  byId("ownSize").hidden = true;
  sides().forEach((side) => side.setCustomValidity(""));
  const mostOf = (of, best) => best(...task.ranges.map(of));
  for (const side of sides()) {
    side.min = mostOf((range) => range.min, Math.min);
    side.max = mostOf((range) => range.max, Math.max);
    side.step = mostOf((range) => range.multiple, Math.min);
  }
  select.append(new Option("Own size…", OWN));
}

/** @returns whether the fields have a size that the task makes, which is chosen then */
function take() {
  const [width, height] = sides().map((side) => Number(side.value));
  const fits = task.ranges.some((range) => isWithin(range, width, height));
  const problem = fits ? "" : `Both sides must be ${task.ranges.map(words).join(", or ")}`;
  sides().forEach((side) => side.setCustomValidity(problem));
  if (!fits) return false;
  const value = `${width}x${height}`;
  select.querySelector("[data-own]")?.remove();
  if (![...select.options].some((known) => known.value === value)) {
    const option = new Option(`${width} × ${height}`, value);
    option.dataset.own = "";
    select.options[select.options.length - 1].before(option);
  }
  select.value = former = value;
  return true;
}

const words = ({ min, max, multiple }) => `from ${min} to ${max}, in steps of ${multiple}`;
