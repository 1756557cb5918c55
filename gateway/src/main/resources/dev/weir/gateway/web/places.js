// Where each image of this page is in the cluster, and where it was: from the job's events, and from what the nodes say that they hold.

const MOST = 200;
/** For so long an older message of a node may say that it holds an image that is at another one. */
const STALE_MS = 2500;

/** By JOB/NUMBER, the oldest first. */
const places = new Map();
/** By job: its stages in their order, with the kind of node that runs each. */
const plans = new Map();

export const placeOf = (key) => places.get(key);

export const planOf = (key) => plans.get(key.split("/")[0]) ?? [];

/** The oldest image in progress, which stays the same until it is over; else the one that was asked for last. */
export function foremost() {
  const all = [...places.entries()];
  const unfinished = all.filter(([, place]) => !place.isOver);
  return (unfinished.find(([, { stops }]) => stops.some((stop) => stop.step)) ?? unfinished[0] ?? all.at(-1))?.[0];
}

export function notePlan(job, stages) {
  plans.set(job, stages);
  if (plans.size > MOST) plans.delete(plans.keys().next().value);
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

/** A node says that it holds an image. It names its kind, and several stages may have nodes of one kind. */
export function noteHeld(key, kind, node) {
  const place = places.get(key);
  if (!place || place.isOver) return;
  const plan = planOf(key);
  const reached = plan.findIndex(({ name }) => name === place.stops.at(-1)?.stage);
  const stage = plan.slice(Math.max(0, reached)).find((next) => next.node === kind)?.name;
  // What a node said a moment ago may be of a stage that is passed.
  if (stage || plan.length === 0) stopAt(place, stage ?? kind, node);
}

function stopAt({ stops }, stage, node) {
  const now = Date.now();
  const last = stops.at(-1);
  if (last?.stage === stage && last.node === node) {
    last.at = now;
    return;
  }
  const isKnown = stops.some((stop) => stop.stage === stage && stop.node === node && !stop.left);
  if (!isKnown || now - last.at > STALE_MS) stops.push({ stage, node, at: now });
}
