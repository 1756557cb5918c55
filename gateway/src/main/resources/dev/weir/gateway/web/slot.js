// A place for one image of a request: chosen, dropped, or restored from what the browser keeps. Uploads nothing.

import { loadInput, nameOfInput, saveInput } from "./store.js";

const part = (slot, name) => slot.querySelector(`[data-testid=${name}]`);

export class ImageSlot {
  #changed;
  #id = null;
  blob = null;

  /** @param changed called after another image, or none, is in the slot */
  constructor(label, changed) {
    this.label = label;
    this.#changed = changed;
    this.element = document.getElementById("slot").content.firstElementChild.cloneNode(true);
    part(this.element, "slotName").textContent = label;
    const file = part(this.element, "file");
    part(this.element, "choose").onclick = () => file.click();
    part(this.element, "empty").onclick = () => this.set(null);
    file.onchange = () => {
      if (file.files[0]) this.set(file.files[0]);
      file.value = "";
    };
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      const dropped = [...event.dataTransfer.files].find(isPicture);
      if (!dropped) return;
      event.preventDefault();
      event.stopPropagation();
      this.set(dropped);
    });
    this.#show();
  }

  /** What a request says; undefined without an image. */
  get value() {
    return this.#id ? `upload:${this.#id}` : undefined;
  }

  get url() {
    return part(this.element, "slotPicture").src;
  }

  /** @param blob null: none */
  async set(blob) {
    this.#keep(blob ? nameOfInput() : null, blob);
    if (blob) await saveInput(this.#id, blob);
    this.#changed();
  }

  /** @param value what an earlier request said */
  async restore(value) {
    const id = value?.replace(/^upload:/, "");
    const blob = id && await loadInput(id);
    this.#keep(blob ? id : null, blob ?? null);
  }

  #keep(id, blob) {
    this.#id = id;
    this.blob = blob;
    this.#show();
  }

  #show() {
    const image = part(this.element, "slotPicture");
    if (image.src) URL.revokeObjectURL(image.src);
    if (this.blob) image.src = URL.createObjectURL(this.blob);
    else image.removeAttribute("src");
    image.hidden = !this.blob;
    part(this.element, "slotHint").hidden = Boolean(this.blob);
    part(this.element, "empty").hidden = !this.blob;
    part(this.element, "empty").setAttribute("aria-label", `Remove: ${this.label}`);
    part(this.element, "choose").setAttribute("aria-label", `${this.blob ? "Change" : "Choose"}: ${this.label}`);
  }
}

export const isPicture = (file) => /^image\/(png|jpeg|webp)$/.test(file.type);
