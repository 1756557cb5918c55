// A picture that is dropped, pasted or chosen: asks what to do with it, and does that.

import { fill, currentModel, useAs } from "./form.js";
import { takesImage } from "./models.js";
import { bodyOf, otherSettings } from "./parameters.js";
import { texts } from "./png.js";
import { canTake, putImage } from "./rows.js";
import { isPicture } from "./slot.js";
import { go } from "./views.js";
import { details } from "./words.js";

const byId = (id) => document.getElementById(id);
const dialog = byId("incoming");

export function startIncoming() {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files, event));
  byId("open").onclick = () => byId("openFile").click();
  byId("openFile").onchange = ({ target }) => {
    take(target.files);
    target.value = "";
  };
}

/** @param event whose own effect is prevented where there is a picture */
function take(files, event) {
  const file = [...files].find(isPicture);
  if (!file || document.querySelector("dialog[open]")) return;
  event?.preventDefault();
  ask(file);
}

async function ask(file) {
  const text = (await texts(file).catch(() => ({}))).parameters;
  const body = text ? bodyOf(text) : null;
  const model = currentModel();
  const url = URL.createObjectURL(file);
  byId("incomingPicture").src = url;
  byId("incomingText").textContent = body ? [body.prompt, details(body)].filter(Boolean).join("\n")
    : "This file has no settings that Weir can read.";
  byId("useSettings").hidden = !body;
  byId("useImage").hidden = !takesImage(model);
  byId("useControl").hidden = !canTake("controlnets");
  byId("usePrompt").hidden = !canTake("ip_adapters");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  URL.revokeObjectURL(url);
  if (dialog.returnValue) go("create");
  if (dialog.returnValue === "settings") fill(body, otherSettings(text));
  if (dialog.returnValue === "image") useAs("init_image", file);
  if (dialog.returnValue === "control") putImage("controlnets", file);
  if (dialog.returnValue === "prompt") putImage("ip_adapters", file);
}
