// What the page keeps over a reload: settings and jobs in localStorage, finished pictures in IndexedDB. All of it is bounded,
// and the page works where the browser refuses to store anything.

import { serverUrl } from "./server.js";

const MAX_JOBS = 100;
const MAX_PICTURES = 1000;
const MAX_INPUTS = 100;
const MAX_DELETED = 1000;
const STORES = ["pictures", "entries", "inputs"];

/** Several servers may live under one origin, each below its own path. */
const name = (kind) => `weir ${new URL(".", document.baseURI).pathname} ${kind}`;

function read(kind, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name(kind))) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(kind, value) {
  try {
    localStorage.setItem(name(kind), JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export const loadSettings = () => read("settings", {});
export const saveSettings = (settings) => write("settings", settings);

/** Whether images are drawn while the prompt is typed. */
export const loadDrawing = () => read("drawing", false);
export const saveDrawing = (draws) => write("drawing", draws);

/** Newest first. */
export function loadJobs() {
  const jobs = read("jobs", []);
  return Array.isArray(jobs) ? jobs.filter((job) => job?.id && job.body && Array.isArray(job.samples)) : [];
}

/** Adds a job or replaces what is kept of it. Other tabs write here too, so the list is read anew each time. */
export function saveJob(job) {
  const jobs = loadJobs();
  const at = jobs.findIndex((kept) => kept.id === job.id);
  if (at < 0) jobs.unshift(job);
  else jobs[at] = job;
  for (let most = MAX_JOBS; most > 0 && !write("jobs", jobs.slice(0, most)); most >>= 1);
}

export function forgetJob(id) {
  write("jobs", loadJobs().filter((job) => job.id !== id));
}

/** Images that were deleted here, which a server may still list. */
export const deletedPictures = () => read("deleted", []);
export const noteDeleted = (picture) => write("deleted", [...deletedPictures(), picture].slice(-MAX_DELETED));

// --- pictures ---

let database = null;

function open() {
  database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name("pictures"), 2);
    request.onupgradeneeded = () => STORES.filter((store) => !request.result.objectStoreNames.contains(store))
      .forEach((store) => request.result.createObjectStore(store));
    request.onsuccess = () => {
      // A newer page in another tab must not wait for this one.
      request.result.onversionchange = () => {
        request.result.close();
        database = null;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      database = null;
      reject(request.error);
    };
  });
  return database;
}

/** Browsers close databases by themselves: on a phone in the background, or when data is cleared. Then it is opened again. */
async function transactionOf(stores, mode) {
  try {
    return (await open()).transaction(stores, mode);
  } catch {
    database = null;
    return (await open()).transaction(stores, mode);
  }
}

async function stored(store, mode, work) {
  const transaction = await transactionOf(store, mode);
  const request = work(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    // A request that fails aborts its transaction, and so does a full disk.
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Keys begin with the time, so the first ones are the oldest. */
async function put(store, key, value, most) {
  const write = () => stored(store, "readwrite", (all) => all.put(value, key));
  try {
    await write().catch(async (error) => {
      if (error?.name !== "QuotaExceededError") throw error;
      await evict();
      await write();
    });
    const keys = await stored(store, "readonly", (all) => all.getAllKeys());
    const tooMany = keys.slice(0, -most);
    if (tooMany.length > 0) await stored(store, "readwrite", (all) => tooMany.forEach((old) => all.delete(old)));
  } catch {
    // No room, or private browsing: the server keeps the picture for a while.
  }
}

/** Deletes the oldest tenth of the pictures and what is kept of them. */
async function evict() {
  const keys = await stored("pictures", "readonly", (all) => all.getAllKeys());
  const oldest = keys.slice(0, Math.ceil(keys.length / 10));
  for (const store of ["pictures", "entries"]) {
    await stored(store, "readwrite", (all) => oldest.forEach((old) => all.delete(old)));
  }
}

/** Without it a browser that is short of room may drop everything at once. */
async function askToPersist() {
  if (await navigator.storage?.persisted?.() === false) await navigator.storage.persist();
}

let asked = null;

const get = (store, key) => stored(store, "readonly", (all) => all.get(key)).catch(() => undefined);

const key = (job, sample) => `${String(job.at).padStart(15, "0")} ${job.id} ${sample}`;

/** The picture as a Blob; undefined where it is not kept here. */
export const loadPicture = (job, sample) => get("pictures", key(job, sample));
export function savePicture(job, sample, blob) {
  asked ??= askToPersist().catch(() => {});
  return put("pictures", key(job, sample), blob, MAX_PICTURES);
}

/** An image of a request. */
export const loadInput = (id) => get("inputs", id);
export const saveInput = (id, blob) => put("inputs", id, blob, MAX_INPUTS);

/** Begins with the time, as all keys do. */
export function nameOfInput() {
  return `${String(Date.now()).padStart(15, "0")}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}`;
}

/** What made a picture, without the picture: the request, which image of it, and what the server said. */
export const saveEntry = (entry) => put("entries", key(entry, entry.sample), entry, MAX_PICTURES);

/** Newest first. */
export async function loadEntries() {
  const entries = await stored("entries", "readonly", (all) => all.getAll()).catch(() => []);
  return entries.reverse();
}

/** The file of an entry's picture: from the browser, or else from the server for as long as that keeps it. Fails where nobody does. */
export async function pictureOf(entry) {
  const here = await loadPicture(entry, entry.sample);
  if (here) return here;
  const answer = await fetch(serverUrl(`v1/jobs/${entry.job}/images/${entry.sample}`));
  if (!answer.ok) throw new Error("Neither this browser nor the server keeps this image any more.");
  return answer.blob();
}

export async function forgetPicture(job, sample) {
  for (const store of ["pictures", "entries"]) {
    await stored(store, "readwrite", (all) => all.delete(key(job, sample))).catch(() => {});
  }
}
