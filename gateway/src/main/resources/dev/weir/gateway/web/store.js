// What the page keeps over a reload: settings and jobs in localStorage, finished pictures in IndexedDB. All of it is bounded,
// and the page works where the browser refuses to store anything.

const MAX_JOBS = 100;
const MAX_PICTURES = 300;

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

// --- pictures ---

let database = null;

function open() {
  database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name("pictures"), 1);
    request.onupgradeneeded = () => request.result.createObjectStore("pictures");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return database;
}

async function pictures(mode, work) {
  const transaction = (await open()).transaction("pictures", mode);
  const request = work(transaction.objectStore("pictures"));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** Keys begin with the time of their job, so the first ones are the oldest. */
const key = (job, sample) => `${String(job.at).padStart(15, "0")} ${job.id} ${sample}`;

/** The picture as a Blob; undefined where it is not kept here. */
export async function loadPicture(job, sample) {
  return pictures("readonly", (all) => all.get(key(job, sample))).catch(() => undefined);
}

export async function savePicture(job, sample, blob) {
  try {
    await pictures("readwrite", (all) => all.put(blob, key(job, sample)));
    const keys = await pictures("readonly", (all) => all.getAllKeys());
    const tooMany = keys.slice(0, -MAX_PICTURES);
    if (tooMany.length > 0) {
      await pictures("readwrite", (all) => tooMany.forEach((old) => all.delete(old)));
    }
  } catch {
    // No room, or private browsing: the server keeps the picture for a while.
  }
}

export function forgetPicture(job, sample) {
  pictures("readwrite", (all) => all.delete(key(job, sample))).catch(() => {});
}
