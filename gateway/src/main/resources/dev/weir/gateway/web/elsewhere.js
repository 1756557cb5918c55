// The server's list of this user's jobs. It also has those that were started in another browser or by another program.

import { serverUrl } from "./server.js";
import { deletedPictures, noteDeleted } from "./store.js";
import { pause } from "./stream.js";

const TRY_AGAIN_MS = 2000;
const MOST_TRIES = 3;

const keyOf = (job, sample) => `${job} ${sample}`;

/** The newest first, in the form in which the page keeps jobs. None where the server does not answer. */
export async function listJobs(most) {
  try {
    const answer = await fetch(serverUrl(`v1/jobs?limit=${most}`));
    return (await answer.json()).data.map(({ id, created, request, images }) => (
      { id, job: id, at: created * 1000, body: request, samples: images.map(outcomeOf), isElsewhere: true }));
  } catch {
    return [];
  }
}

/** As it is noted at the end of an image; null before. */
function outcomeOf({ state, seed, seconds, width, height, format, error }) {
  switch (state) {
    case "completed": return { state, seed, seconds, width, height, format };
    case "failed": return { state, text: error.message };
    case "cancelled": return { state };
    case "deleted": return { state: "removed" };
    default: return null;
  }
}

/** The finished images of the list that this browser does not keep and has not deleted. */
export function entriesOf(listed, kept) {
  const known = new Set([...kept.map((entry) => keyOf(entry.job, entry.sample)), ...deletedPictures()]);
  return listed.flatMap(({ samples, ...job }) => samples
    .map((outcome, sample) => ({ ...job, sample, outcome }))
    .filter(({ sample, outcome }) => outcome?.state === "completed" && !known.has(keyOf(job.job, sample))));
}

/**
 * Until the server has deleted the image, this browser does not show it. The server drops it in a while anyway.
 *
 * @returns whether the server no longer has it
 */
export async function deleteAtServer(job, sample) {
  noteDeleted(keyOf(job, sample));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const status = await deletion(job, sample);
    if (status !== 503) return status === 200 || status === 404 || status === 410;
    await pause(TRY_AGAIN_MS);
  }
  return false;
}

async function deletion(job, sample) {
  try {
    return (await fetch(serverUrl(`v1/jobs/${job}/images/${sample}?forget=true`), { method: "DELETE" })).status;
  } catch {
    return 503;
  }
}
