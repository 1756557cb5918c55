// Where each image of this page is in the cluster, and where it was: from the job's events, and from what the nodes say that they hold.

const MOST = 200;

/** By JOB/NUMBER, the oldest first. */
const places = new Map();

export const placeOf = (key) => places.get(key);

/** The image that was asked for last, unfinished ones first. */
export function newest() {
  const all = [...places.entries()].reverse();
  return (all.find(([, place]) => !place.isOver) ?? all[0])?.[0];
}

export function noteEvent(card, event) {
  const key = `${event.job}/${event.sample}`;
  if (!places.has(key)) {
    places.set(key, { card, stops: [], isOver: false });
    if (places.size > MOST) places.delete(places.keys().next().value);
  }
  const place = places.get(key);
  place.card = card;
  switch (event.type) {
    case "started":
      stopAt(place, event.stage, event.node);
      break;
    case "progress":
      Object.assign(place.stops.findLast((stop) => stop.stage === event.stage) ?? {}, { step: event.step, total: event.total });
      break;
    case "resumed":
      if (place.stops.length > 0) place.stops.at(-1).left = `left at step ${event.step}`;
      break;
    case "completed":
      // The stages that were passed, each after the nodes that the image left there.
      place.stops = (event.timings ?? []).flatMap((timing) => {
        const there = place.stops.filter((stop) => stop.stage === timing.stage);
        return [...there.filter((stop) => stop.left), { ...there.find((stop) => stop.node === timing.node && !stop.left), ...timing }];
      });
      place.isOver = true;
      break;
    case "failed":
    case "cancelled":
      place.isOver = true;
      break;
  }
}

/** A node says that it holds an image. */
export function noteHeld(key, stage, node) {
  const place = places.get(key);
  if (place && !place.isOver) stopAt(place, stage, node);
}

function stopAt({ stops }, stage, node) {
  const last = stops.at(-1);
  if (last?.stage === stage && last.node === node) return;
  // What a node said a moment ago may be older than the last event.
  if (stops.some((stop) => stop.stage === stage && stop.node === node && !stop.left)) return;
  stops.push({ stage, node });
}
