// The cards of all jobs, the newest job first and the images of a job in their order. Shows what became of each image.

import { Card } from "./card.js";
import { loadPicture } from "./store.js";
import { serverUrl } from "./server.js";

const MOST_CARDS = 300;
const feed = document.getElementById("feed");

/**
 * @param actions what cancel, retry, reuse and remove do, by these names, with the number of the image
 * @param place the card whose place the new ones take; none: at the top
 */
export function addCards(job, actions, place) {
  job.cards = job.samples.map((outcome, sample) => {
    const own = Object.entries(actions).map(([name, action]) => [name, () => action(sample)]);
    return new Card(job.body, sample, job.samples.length, Object.fromEntries(own), job.isElsewhere);
  });
  const elements = job.cards.map((card) => card.element);
  if (place) {
    place.before(...elements);
    elements[0].focus();
  } else {
    feed.prepend(...elements);
  }
  showBar();
}

/** Takes a card off the page. The keyboard's place goes to the next one. */
export function removeCard(card) {
  if (card.element.contains(document.activeElement)) card.element.nextElementSibling?.focus();
  card.remove();
  showBar();
}

/** The cards past the most that the page shows, the newest of them first. */
export const surplus = () => [...feed.children].slice(MOST_CARDS).map((element) => element.card);

export function showBar() {
  document.getElementById("empty").hidden = feed.children.length > 0;
  const over = [...feed.children].filter((element) => element.card.isOver).length;
  document.getElementById("clear").hidden = over === 0;
  const unfinished = feed.children.length - over;
  document.getElementById("cancelAll").hidden = unfinished < 2;
  document.title = unfinished > 0 ? `(${unfinished}) Weir` : "Weir";
}

/** What the history keeps of a finished image besides its picture. */
export function entryOf({ id, at, body, job, samples }, sample) {
  return { id, at, body, job, sample, outcome: samples[sample] };
}

/** How an image ended, which the job has noted. */
export function showOutcome(job, sample) {
  const outcome = job.samples[sample];
  const card = job.cards[sample];
  switch (outcome.state) {
    case "completed":
      card.completed(outcome, job.body, entryOf(job, sample));
      break;
    case "failed":
      card.show("failed", outcome.text);
      break;
    case "cancelled":
      card.show("cancelled", "Cancelled");
      break;
    case "lost":
      card.show("lost", outcome.text ?? "The server no longer knows this job.");
      break;
  }
  showBar();
}

/** The same after a reload: the image is in the browser, or else at the server for as long as that keeps it. */
export async function showKept(job, sample) {
  const outcome = job.samples[sample];
  const card = job.cards[sample];
  if (outcome.state === "removed") {
    card.remove();
    return;
  }
  showOutcome(job, sample);
  if (outcome.state === "completed") {
    const here = await loadPicture(job, sample);
    card.onMissing(() => {
      card.noPicture();
      card.show("lost", "The server no longer keeps this image.");
    });
    const there = serverUrl(`v1/jobs/${job.job}/images/${sample}`);
    card.picture(here ? URL.createObjectURL(here) : there.href, "final");
    card.completed(outcome, job.body, entryOf(job, sample));
  }
}
