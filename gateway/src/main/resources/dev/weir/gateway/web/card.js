// One image on the page. Shows what it is told and decides nothing.

import { seedOf } from "./seed.js";
import { details, seconds } from "./words.js";

const part = (card, name) => card.querySelector(`[data-testid=${name}]`);

export const OVER = ["completed", "failed", "cancelled", "lost"];
const MAY_BE_TRIED_AGAIN = ["failed", "cancelled", "lost"];

export class Card {
  /**
   * @param body the request
   * @param sample which of its images, from 0
   * @param of how many there are
   * @param actions what cancel, retry, reuse and remove do, by these names
   * @param isElsewhere whether another browser or program asked for it
   */
  constructor(body, sample, of, actions, isElsewhere) {
    const card = document.getElementById("card").content.firstElementChild.cloneNode(true);
    const [width, height] = (body.size ?? "1x1").split("x");
    const label = of > 1 ? `${body.prompt} (${sample + 1} of ${of})` : body.prompt;
    this.element = card;
    this.label = label;
    card.card = this;
    card.dataset.sample = sample;
    card.setAttribute("aria-label", label);
    part(card, "enlarge").style.aspectRatio = `${width} / ${height}`;
    part(card, "enlarge").setAttribute("aria-label", `Enlarge: ${label}`);
    part(card, "caption").textContent = body.prompt;
    part(card, "caption").title = body.prompt;
    part(card, "picture").alt = label;
    part(card, "origin").hidden = !isElsewhere;
    part(card, "details").textContent = details({ ...body, seed: seedOf(body.seed, sample) });
    for (const [name, action] of Object.entries(actions)) {
      part(card, name).onclick = action;
      part(card, name).setAttribute("aria-label", `${part(card, name).textContent}: ${label}`);
    }
  }

  get isOver() {
    return OVER.includes(this.element.dataset.state);
  }

  /** What its status line says. */
  get text() {
    return part(this.element, "status").textContent;
  }

  /** @param time what is said of time: how long it takes or took */
  show(state, text, time = "") {
    const card = this.element;
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    card.dataset.state = state;
    part(card, "status").textContent = text;
    part(card, "time").textContent = time;
    part(card, "cancel").hidden = this.isOver;
    part(card, "retry").hidden = !MAY_BE_TRIED_AGAIN.includes(state);
    part(card, "remove").hidden = !this.isOver;
    // A button that disappears must not take the keyboard's place on the page with it.
    if (focused?.hidden) (part(card, "retry").hidden ? card : part(card, "retry")).focus();
  }

  /** Not known yet how far it is. */
  pending(text) {
    this.show("queued", text);
    part(this.element, "progress").removeAttribute("value");
  }

  /**
   * @param stepSeconds how long the last step took; how long the steps before took counts for more, since images share a device
   */
  progress(step, total, stepSeconds) {
    const now = performance.now();
    this.first ??= { step, at: now };
    const each = step > this.first.step ? (now - this.first.at) / 1000 / (step - this.first.step) : stepSeconds;
    const left = each * (total - step);
    this.show("running", `Step ${step} of ${total}`, left > 0.5 ? `${seconds(left)} left` : "");
    part(this.element, "progress").value = step / total;
  }

  /** @param url of a preview or of the final image, see kind */
  picture(url, kind, step) {
    const image = part(this.element, "picture");
    const previous = image.src;
    image.src = url;
    image.dataset.kind = kind;
    if (step !== undefined) image.dataset.step = step;
    if (previous.startsWith("blob:")) URL.revokeObjectURL(previous);
    part(this.element, "enlarge").disabled = false;
  }

  /**
   * The image is there and can be saved.
   *
   * @param entry what the history keeps of it
   */
  completed({ seed, seconds: took, width, height, format }, body, entry) {
    const card = this.element;
    part(card, "enlarge").entry = entry;
    this.show("completed", `${width} × ${height}`, `${took.toFixed(1)} s`);
    part(card, "details").textContent = details({ ...body, seed });
    const download = part(card, "download");
    download.href = part(card, "picture").src;
    download.download = `weir-${seed}.${format}`;
    download.hidden = false;
  }

  warn(texts) {
    part(this.element, "warning").hidden = texts.length === 0;
    part(this.element, "warning").replaceChildren(...texts.map((text) => {
      const line = document.createElement("span");
      line.textContent = line.title = text;
      return line;
    }));
  }

  /** @param missed called when the image cannot be loaded from where it is */
  onMissing(missed) {
    part(this.element, "picture").addEventListener("error", missed, { once: true });
  }

  noPicture() {
    const image = part(this.element, "picture");
    image.removeAttribute("src");
    delete image.dataset.kind;
    part(this.element, "enlarge").disabled = true;
    part(this.element, "download").hidden = true;
  }

  remove() {
    const { src } = part(this.element, "picture");
    if (src.startsWith("blob:")) URL.revokeObjectURL(src);
    this.element.remove();
  }
}
