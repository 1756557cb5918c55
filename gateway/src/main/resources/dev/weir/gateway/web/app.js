// The page at "/": one socket for all jobs, one card for each picture.

const byId = (id) => document.getElementById(id);
const part = (card, name) => card.querySelector(`[data-testid=${name}]`);
const wsUrl = () => Object.assign(new URL("v1/stream", location.href), { protocol: location.protocol.replace("http", "ws") });

const cards = new Map(); // "job/sample" -> the card of that picture
const jobs = new Map(); // our id -> what is known of a job that is not over, so that another socket can go on with it
let socket = null;
let opening = null; // the promise of a socket that is not open yet
let models = [];
let lastId = 0;

// --- the form ---

async function loadModels() {
  const answer = await fetch("v1/models");
  const known = models.map((m) => m.id).join();
  models = (await answer.json()).data;
  if (models.map((m) => m.id).join() === known) return;
  byId("model").replaceChildren(...models.map((m) => new Option(m.id, m.id)));
  takeModel();
}

function takeModel() {
  const model = models.find((m) => m.id === byId("model").value);
  byId("generate").disabled = !model;
  if (!model) return;
  byId("size").replaceChildren(...sizes(model).map((size) => new Option(size.replace("x", " × "), size)));
  byId("size").value = `${model.native_size}x${model.native_size}`;
  byId("sampler").replaceChildren(...model.samplers.map((name) => new Option(name, name)));
  byId("sampler").value = model.default_sampler;
  byId("steps").max = Math.min(model.max_steps, 100);
  byId("steps").value = model.default_steps;
  byId("guidance").value = model.default_guidance_scale;
  showValues();
}

/** Square, upright and lying pictures at the native size, and the largest square. */
function sizes(model) {
  const native = model.native_size;
  const shorter = Math.max(model.min_size, Math.round((native * 0.75) / model.size_multiple) * model.size_multiple);
  const found = [`${native}x${native}`];
  if (shorter < native) found.push(`${shorter}x${native}`, `${native}x${shorter}`);
  const largest = model.upsample_factor > 1 ? native * model.upsample_factor : Math.min(model.max_size, 2 * native);
  if (largest > native) found.push(`${largest}x${largest}`);
  return found;
}

function showValues() {
  byId("stepsValue").value = byId("steps").value;
  byId("guidanceValue").value = byId("guidance").value;
}

function request() {
  const fields = new FormData(byId("form"));
  const body = { prompt: fields.get("prompt"), output_format: "png" };
  for (const name of ["negative_prompt", "model", "size", "sampler"]) {
    if (fields.get(name)) body[name] = fields.get(name);
  }
  for (const name of ["n", "num_inference_steps", "guidance_scale", "seed"]) {
    if (fields.get(name)) body[name] = Number(fields.get(name));
  }
  return body;
}

function showError(error) {
  byId("error").hidden = !error;
  byId("error").textContent = error ? error.message : "";
  for (const field of byId("form").elements) {
    if (field.name) field.setAttribute("aria-invalid", String(Boolean(error) && field.name === error.param));
  }
}

// --- the socket ---

const TRIES = 60; // of a second each, before jobs are given up
const NOT_NOW = ["ledger_unavailable", "job_elsewhere", "draining"]; // another try may find the job, or a gateway that takes it
const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

function open() {
  if (socket && socket.readyState === WebSocket.OPEN) return Promise.resolve(socket);
  opening ??= new Promise((resolve, reject) => {
    const next = new WebSocket(wsUrl());
    next.binaryType = "arraybuffer";
    next.onopen = () => resolve((socket = next));
    next.onmessage = (message) =>
      typeof message.data === "string" ? onEvent(JSON.parse(message.data)) : onFrame(message.data);
    next.onclose = () => {
      reject(new Error("the gateway cannot be reached"));
      if (socket === next) goOn();
    };
  }).finally(() => { opening = null; });
  return opening;
}

/** The socket closed: another one, at whichever gateway answers, goes on with each job. */
async function goOn() {
  socket = null;
  for (const card of cards.values()) {
    if (!isOver(card)) part(card, "status").textContent = "the connection broke, trying again";
  }
  for (let tries = 0; jobs.size > 0 && !socket && tries < TRIES; tries++) {
    await open().catch(pause);
  }
  if (socket) {
    for (const id of jobs.keys()) ask(id);
    return;
  }
  jobs.clear();
  for (const card of cards.values()) {
    if (!isOver(card)) setState(card, "failed", "the connection was lost");
  }
}

/** Begins with a job; goes on with one that was heard of. Its key makes it one job, however often it is asked for. */
function ask(id) {
  const { body, key, job, after } = jobs.get(id);
  const command = job
    ? { type: "attach", id, job, after }
    : { type: "generate", id, idempotency_key: key, preview: { every_steps: 1, grade: "latent_rgb" }, ...body };
  socket.send(JSON.stringify(command));
}

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
}

async function generate(event) {
  event.preventDefault();
  showError(null);
  const id = `page-${++lastId}`;
  const body = request();
  try {
    await open();
    jobs.set(id, { body, key: randomKey(), job: null, after: 0, left: body.n ?? 1 });
    ask(id);
  } catch (problem) {
    showError(problem);
  }
}

async function onError(event) {
  if (jobs.has(event.id) && NOT_NOW.includes(event.error.code)) {
    await pause();
    if (socket && jobs.has(event.id)) ask(event.id);
    return;
  }
  const job = jobs.get(event.id)?.job;
  jobs.delete(event.id);
  for (const card of cards.values()) {
    if (job && card.dataset.job === job && !isOver(card)) setState(card, "failed", event.error.message);
  }
  showError(event.error);
}

/** Jobs go on without their sockets, so who leaves says so. */
function leave() {
  for (const { job } of jobs.values()) {
    if (job && socket) socket.send(JSON.stringify({ type: "cancel", job }));
  }
}

function note(event) {
  const known = jobs.get(event.id);
  if (!known) return;
  known.job = event.job;
  known.after = Math.max(known.after, event.seq ?? 0);
}

function onEvent(event) {
  if (event.type === "error") {
    onError(event);
    return;
  }
  note(event);
  if (event.type === "attached") return;
  const card = cardOf(event);
  const wasOver = isOver(card);
  switch (event.type) {
    case "queued":
      setState(card, "queued", "waiting for its turn");
      part(card, "progress").removeAttribute("value");
      break;
    case "started":
      setState(card, "started", "begins");
      break;
    case "progress":
      setState(card, "running", `step ${event.step} of ${event.total}`);
      part(card, "progress").value = event.step / event.total;
      showTimeLeft(card, event);
      break;
    case "resumed":
      setState(card, "running", `goes on from step ${event.step} of ${event.total}: ${event.reason}`);
      break;
    case "completed":
      setState(card, "completed", `${event.width} × ${event.height}, ${event.total} steps`);
      part(card, "time").textContent = `${event.seconds.toFixed(1)} s`;
      part(card, "progress").value = 1;
      showSeed(card, event.seed);
      break;
    case "failed":
      setState(card, "failed", event.error.message);
      break;
    case "cancelled":
      setState(card, "cancelled", "cancelled");
      break;
  }
  if (!wasOver && isOver(card) && jobs.has(event.id) && --jobs.get(event.id).left === 0) jobs.delete(event.id);
}

/** A binary message: the header's length (u32, big-endian), the header as JSON, the image file. */
function onFrame(message) {
  const headerLength = new DataView(message).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, headerLength)));
  const card = cardOf(header);
  const picture = part(card, "picture");
  const url = URL.createObjectURL(new Blob([new Uint8Array(message, 4 + headerLength)], { type: `image/${header.format}` }));
  const previous = picture.src;
  picture.src = url;
  picture.dataset.step = header.step;
  picture.dataset.kind = header.kind;
  if (previous) URL.revokeObjectURL(previous);
  if (header.kind === "final") {
    const download = part(card, "download");
    download.href = url;
    download.dataset.format = header.format;
    download.hidden = false;
  }
}

// --- the cards ---

function cardOf(event) {
  const key = `${event.job}/${event.sample}`;
  if (!cards.has(key)) cards.set(key, newCard(event));
  return cards.get(key);
}

function newCard(event) {
  const card = byId("card").content.firstElementChild.cloneNode(true);
  const { prompt, size } = jobs.get(event.id)?.body ?? { prompt: "", size: "1x1" };
  const [width, height] = size.split("x");
  card.dataset.job = event.job;
  card.dataset.sample = event.sample;
  card.querySelector(".frame").style.aspectRatio = `${width} / ${height}`;
  part(card, "caption").textContent = prompt;
  part(card, "picture").alt = prompt;
  part(card, "cancel").onclick = () => socket?.send(JSON.stringify({ type: "cancel", job: event.job }));
  byId("empty").hidden = true;
  byId("feed").prepend(card);
  return card;
}

function isOver(card) {
  return ["completed", "failed", "cancelled"].includes(card.dataset.state);
}

function setState(card, state, text) {
  card.dataset.state = state;
  part(card, "status").textContent = text;
  if (isOver(card)) {
    part(card, "cancel").hidden = true;
    part(card, "time").textContent = "";
    if (state !== "completed") part(card, "progress").value = 0;
  }
}

function showTimeLeft(card, event) {
  const left = event.step_seconds * (event.total - event.step);
  part(card, "time").textContent = left > 0.5 ? `${Math.ceil(left)} s left` : "";
}

function showSeed(card, seed) {
  const reuse = part(card, "reuse");
  reuse.textContent = `seed ${seed}`;
  reuse.dataset.seed = seed;
  reuse.hidden = false;
  reuse.onclick = () => { byId("seed").value = seed; };
  const download = part(card, "download");
  download.download = `weir-${seed}.${download.dataset.format}`;
}

// --- the line at the top ---

async function showCluster() {
  try {
    const cluster = await (await fetch("v1/cluster")).json();
    const stages = cluster.stages.filter((s) => s.nodes.length > 0).map((s) => `${s.nodes.length} ${s.stage}`);
    byId("cluster").textContent = stages.length > 0 ? stages.join(" · ") : "no stage is up yet";
    await loadModels();
  } catch {
    byId("cluster").textContent = "the gateway cannot be reached";
  }
}

byId("form").addEventListener("submit", generate);
byId("form").addEventListener("input", showValues);
byId("model").addEventListener("change", takeModel);
byId("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    byId("form").requestSubmit();
  }
});
addEventListener("pagehide", leave);
byId("generate").disabled = true;
showCluster();
setInterval(showCluster, 5000);
