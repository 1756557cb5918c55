// The jobs of this page: what was asked for, what the server says of it, and what is kept of it over a reload. The server goes on
// with a job while nobody watches; the page watches it again by its id. It also watches this user's jobs of other browsers.

import { addCards, entryOf, removeCard, showBar, showKept, showOutcome, surplus } from "./feed.js";
import { deleteAtServer } from "./elsewhere.js";
import { fill, knownModels, noteSeed, showError } from "./form.js";
import { IMAGES, stagesOf } from "./models.js";
import { noteEvent, notePlan } from "./places.js";
import { seedOf } from "./seed.js";
import { forgetJob, forgetPicture, loadInput, loadJobs, saveEntry, saveJob, savePicture } from "./store.js";
import { pause, Stream } from "./stream.js";
import { images, problem, seconds, sentence, waiting } from "./words.js";

/** Another try may find the job, or a gateway that takes it. */
const NOT_NOW = ["ledger_unavailable", "job_elsewhere", "draining", "no_memory"];
/** What a server says that has just been started: its stages join a moment later. */
const STARTING = ["no_model", "no_node"];
const UNKNOWN = ["expired", "not_found"];
const TRY_AGAIN_MS = 1000;
const MOST_TRIES = 60;
/** Images in progress of other browsers. A socket may have few, and this page needs some itself. */
const MOST_ELSEWHERE = 16;
/** A job whose acceptance the page did not hear of is asked for again, unless that was long ago. */
const CONFIRM_MS = 60_000;

/** By our own id, which is also the idempotency key: however often a job is asked for, it is one job. */
const jobs = new Map();

const stream = new Stream({ onEvent, onFrame, onOpen, onBroken, isNeeded: () => [...jobs.values()].some(isWanted) });

const isOver = (job) => job.samples.every(Boolean);
const isWanted = (job) => !isOver(job) || (job.sent && job.cancels.length > 0);

function newJob(kept) {
  return { job: null, warnings: [], sent: false, waited: false, after: 0, cancels: [], cards: [], tries: 0, ...kept };
}

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16).padStart(8, "0")).join("");
}

function say(text) {
  document.getElementById("said").textContent = text;
}

// --- asking ---

/**
 * @param place the card whose place the new one takes; none: at the top
 * @returns the job
 */
export function generate(body, place) {
  const samples = Array(body.n ?? 1).fill(null);
  const job = newJob({ id: randomId(), at: Date.now(), body, samples, isRetry: Boolean(place) });
  jobs.set(job.id, job);
  addCards(job, actionsOf(job), place);
  save(job);
  job.cards.forEach((card) => card.pending(stream.isOpen ? "Sending" : "Connecting"));
  say(`${images(samples.length)} requested`);
  ask(job);
  removeOver(surplus());
  return job;
}

let drawn = null;

/** Draws what is being typed. The image before it is cancelled if it is unfinished, and leaves the list. */
export function draw(body) {
  const former = drawn;
  drawn = generate({ ...body, n: 1 });
  if (!former || !jobs.has(former.id)) return;
  former.isSuperseded = true;
  former.samples.forEach((ended, sample) => {
    if (!ended) cancel(former, sample);
    else if (ended.state !== "removed") leave(former, sample);
  });
}

/** Begins with a job, or goes on with one that the server has confirmed. */
async function ask(job) {
  if (!stream.isOpen) {
    job.waited = true;
    stream.open();
    return;
  }
  job.sent = true;
  if (job.job) {
    stream.send({ type: "attach", id: job.id, job: job.job, after: job.after });
  } else if (await upload(job)) {
    stream.send({ type: "generate", id: job.id, idempotency_key: job.id, preview: { every_steps: 1 }, ...job.body });
  }
}

/** Sends the images that the request names. A socket knows only its own. */
async function upload(job) {
  const { controlnets = [], ip_adapters: adapters = [] } = job.body;
  const named = [...IMAGES.map((name) => job.body[name]), ...controlnets.map((net) => net.image),
    ...adapters.flatMap((adapter) => adapter.images)].filter(Boolean);
  for (const id of named.map((value) => value.slice("upload:".length))) {
    const image = await loadInput(id);
    if (!image) {
      refused(job, { message: "The browser does not keep the input image any more. Choose it again" });
      return false;
    }
    await stream.upload(id, image);
  }
  return true;
}

function onOpen() {
  [...jobs.values()].filter(isWanted).forEach(ask);
}

function onBroken() {
  for (const job of jobs.values()) {
    job.waited = true;
    job.cards.filter((card) => !card.isOver).forEach((card) =>
      card.show(card.element.dataset.state, "No connection to the server. Trying again"));
  }
}

function cancel(job, sample) {
  if (job.job && stream.isOpen) {
    job.cards[sample].show(job.cards[sample].element.dataset.state, "Cancelling");
    stream.send({ type: "cancel", job: job.job, sample });
  } else {
    job.cancels.push(sample);
    end(job, sample, { state: "cancelled" });
  }
}

function retry(job, sample) {
  const { n, seed, ...body } = job.body;
  const known = seedOf(seed, sample) ?? job.samples[sample].seed;
  generate(known === undefined ? body : { ...body, seed: known }, job.cards[sample].element);
  remove(job, sample);
}

// --- hearing ---

function onEvent(event) {
  const job = jobs.get(event.id);
  if (event.type === "error") {
    onError(job, event);
    return;
  }
  if (!job) return;
  job.after = Math.max(job.after, event.seq ?? 0);
  job.tries = 0;
  if (event.type === "attached") {
    onAttached(job, event);
  } else if (event.type === "warning") {
    onWarning(job, sentence(event.message));
  } else if (!job.samples[event.sample]) {
    noteEvent(job.cards[event.sample], event);
    onSample(job, job.cards[event.sample], event);
  }
}

function onAttached(job, event) {
  job.job = event.job;
  notePlan(event.job, stagesOf(knownModels(), event.model, event.workflow));
  job.cards.forEach((card) => { card.element.dataset.job = event.job; });
  save(job);
  job.cancels.splice(0).forEach((sample) => stream.send({ type: "cancel", job: job.job, sample }));
  if (isGone(job)) drop(job);
}

/** It is told again to each socket that attaches. */
function onWarning(job, text) {
  if (job.warnings.includes(text)) return;
  job.warnings.push(text);
  job.cards.forEach((card) => card.warn(job.warnings));
  save(job);
}

function onSample(job, card, event) {
  const { step, total, sample } = event;
  switch (event.type) {
    case "queued":
      card.show("queued", waiting(event.position), event.eta_seconds > 0 ? `about ${seconds(event.eta_seconds)}` : "");
      break;
    case "loading":
      card.show("queued", "Loading the model");
      break;
    case "started":
      card.show("started", "Starting");
      break;
    case "progress":
      card.progress(step, total, event.step_seconds);
      break;
    case "resumed":
      card.show("running", `Continues from step ${step} of ${total} on another node`);
      break;
    case "completed": {
      const { seed, seconds: took, width, height, format } = event;
      end(job, sample, { state: "completed", seed, seconds: took, width, height, format });
      break;
    }
    case "failed":
      end(job, sample, { state: "failed", text: problem(event.error) });
      break;
    case "cancelled":
      end(job, sample, { state: "cancelled" });
      break;
    case "deleted":
      if (!job.samples[sample]) leave(job, sample);
      break;
  }
}

function onFrame(header, image) {
  const job = jobs.get(header.id);
  const outcome = job?.samples[header.sample];
  if (!job || (outcome && outcome.state !== "completed")) return;
  job.cards[header.sample].picture(URL.createObjectURL(image), header.kind, header.step);
  if (header.kind === "final") savePicture(job, header.sample, image);
}

async function onError(job, { error, retry_after_seconds: retryAfter }) {
  if (!job) {
    // A cancel that came too late is no news.
    if (error.code !== "unknown_job") showError({ message: problem(error, retryAfter) });
    return;
  }
  if (error.code === "duplicate_id") return; // It is watched already.
  const mayPass = NOT_NOW.includes(error.code) || (job.job && error.code === "too_many_images")
    || ((job.job || job.waited) && STARTING.includes(error.code));
  if (mayPass && ++job.tries < MOST_TRIES) {
    await pause(TRY_AGAIN_MS);
    if (stream.isOpen && isWanted(job)) ask(job);
  } else if (job.isElsewhere && error.code === "too_many_images") {
    job.cards.forEach(removeCard);
    drop(job);
  } else if (job.job) {
    job.cancels = [];
    endAll(job, UNKNOWN.includes(error.code) ? { state: "lost" } : { state: "failed", text: problem(error, retryAfter) });
  } else {
    refused(job, { message: problem(error, retryAfter), param: error.param });
  }
}

/** Nothing was begun. What was just typed is still in the form, and so is said there what is wrong with it. */
function refused(job, error) {
  if (job.isRetry) {
    endAll(job, { state: "failed", text: error.message });
  } else {
    job.cards.forEach(removeCard);
    drop(job);
    showError(error);
  }
}

function endAll(job, outcome) {
  job.samples.forEach((ended, sample) => end(job, sample, outcome));
}

function end(job, sample, outcome) {
  if (job.samples[sample]) return;
  job.samples[sample] = outcome;
  showOutcome(job, sample);
  save(job);
  if (outcome.state === "completed") {
    noteSeed(outcome.seed);
    saveEntry(entryOf(job, sample));
  }
  if (job.isSuperseded) {
    leave(job, sample);
    return;
  }
  say(`${outcome.state === "completed" ? "Finished" : job.cards[sample].text}: ${job.cards[sample].label}`);
}

// --- cards ---

const actionsOf = (job) => ({
  cancel: (sample) => cancel(job, sample),
  retry: (sample) => retry(job, sample),
  reuse: (sample) => fill({ ...job.body, seed: job.samples[sample]?.seed ?? job.body.seed, n: 1 }),
  remove: (sample) => remove(job, sample),
});

function remove(job, sample) {
  if (job.samples[sample]?.state === "completed") deletePicture(job, sample);
  leave(job, sample);
}

async function deletePicture({ id, at, job }, sample) {
  await forgetPicture({ id, at }, sample);
  if (!(await deleteAtServer(job, sample))) showError({ message: "The server did not delete the image. It drops it in a while." });
}

/** Takes an image off the list. The history keeps it. */
function leave(job, sample) {
  removeCard(job.cards[sample]);
  job.samples[sample] = { state: "removed" };
  if (!isGone(job)) save(job);
  else if (!isWanted(job)) drop(job);
  // Otherwise the server is told to cancel it as soon as it names the job.
}

const isGone = (job) => job.samples.every((outcome) => outcome?.state === "removed");

function drop(job) {
  jobs.delete(job.id);
  forgetJob(job.id);
}

/** @param cards which to remove; those of images in progress stay */
function removeOver(cards) {
  for (const job of [...jobs.values()]) {
    job.samples.forEach((outcome, sample) => {
      if (outcome && outcome.state !== "removed" && cards.includes(job.cards[sample])) leave(job, sample);
    });
  }
}

/** Deletes a finished image: here, in the history, and at the server. */
export async function forget({ id, at, job: name, sample }) {
  await deletePicture({ id, at, job: name }, sample);
  const job = jobs.get(id);
  if (job?.samples[sample] && job.samples[sample].state !== "removed") leave(job, sample);
}

export function cancelAll() {
  const asksFirst = [...jobs.values()].some((job) => job.isElsewhere && !isOver(job));
  const all = !asksFirst || confirm("Also cancel the images that were started in another browser or program?");
  for (const job of [...jobs.values()].filter((each) => all || !each.isElsewhere)) {
    job.samples.forEach((ended, sample) => { if (!ended) cancel(job, sample); });
  }
}

export function clear() {
  removeOver([...jobs.values()].flatMap((job) => job.cards));
}

// --- over a reload ---

function save({ id, at, body, job, samples, warnings, isElsewhere }) {
  saveJob({ id, at, body, job, samples, warnings, isElsewhere });
}

function show(job) {
  jobs.set(job.id, job);
  addCards(job, actionsOf(job));
  job.cards.forEach((card, sample) => {
    card.warn(job.warnings);
    if (job.job) card.element.dataset.job = job.job;
    if (job.samples[sample]) {
      showKept(job, sample);
    } else {
      card.pending("Connecting");
    }
  });
}

const unfinished = (job) => job.samples.filter((outcome) => !outcome).length;

/** Goes on with the unfinished jobs of the server's list that were started in other browsers. Other tabs of this one keep theirs. */
export function join(listed) {
  const kept = loadJobs();
  // A job that was just asked for may be in the list, and its name is not known here yet.
  if ([...jobs.values(), ...kept].some((job) => !job.job && !isOver(job) && Date.now() - job.at < CONFIRM_MS)) return;
  const known = new Set([...jobs.values()].map((job) => job.job));
  let room = MOST_ELSEWHERE - [...jobs.values()].filter((job) => job.isElsewhere).reduce((sum, job) => sum + unfinished(job), 0);
  for (const other of listed.filter((job) => !isOver(job) && !known.has(job.job)).reverse()) {
    const job = newJob(kept.find((own) => own.job === other.job) ?? other);
    if (job.isElsewhere) room -= unfinished(job);
    if (room < 0) break; // The next list has the rest.
    show(job);
    save(job);
    ask(job);
  }
}

export function restore() {
  for (const kept of loadJobs().reverse()) {
    const job = newJob(kept);
    show(job);
    if (!job.job && Date.now() - job.at > CONFIRM_MS) {
      endAll(job, { state: "lost", text: "The server never confirmed this job." });
    }
  }
  showBar();
  stream.open();
}
