// The cluster as it is now: stages as columns, nodes as cards, and a dot for each image that a node holds. Shows what it is given. Nodes
// that drained or were lost stay for a minute.

import { dropDots, showDots } from "./dots.js";
import { showFollowed } from "./follow.js";
import { noteHeld } from "./places.js";
import { seconds, title } from "./words.js";

const GONE_MS = 60_000;
const byId = (id) => document.getElementById(id);
const part = (card, name) => card.querySelector(`[data-testid=${name}]`);

/** By stage and node: its card, what it said last, and when it was missed first. */
const nodes = new Map();

export function showCluster({ gateway, other_gateways: others, stages }) {
  const count = 1 + others.length;
  byId("gateways").textContent = `${count} ${count === 1 ? "gateway" : "gateways"} · ${gateway.images} `
    + `${gateway.images === 1 ? "image" : "images"} in progress here`;
  const now = Date.now();
  for (const { stage, nodes: alive } of stages) {
    for (const node of alive) {
      node.samples?.forEach((name) => noteHeld(name, stage, node.node));
      const key = `${stage} ${node.node}`;
      if (!nodes.has(key)) nodes.set(key, { stage, card: byId("node").content.firstElementChild.cloneNode(true) });
      Object.assign(nodes.get(key), { node, goneAt: null });
    }
    const names = alive.map((node) => node.node);
    for (const known of nodes.values()) {
      if (known.stage === stage && !names.includes(known.node.node)) known.goneAt ??= now;
    }
  }
  for (const [key, known] of nodes) {
    if (known.goneAt && now - known.goneAt > GONE_MS) {
      known.card.remove();
      nodes.delete(key);
    }
  }
  // Cards are in their places before dots move to them.
  stages.forEach(({ stage }) => showColumn(stage));
  for (const known of nodes.values()) showNode(known);
  dropDots();
  showFollowed();
}

function showColumn(stage) {
  let column = document.querySelector(`.column[data-stage="${stage}"]`);
  if (!column) {
    column = byId("column").content.firstElementChild.cloneNode(true);
    column.dataset.stage = stage;
    part(column, "stageName").textContent = title(stage.replaceAll("-", " "));
    byId("columns").append(column);
  }
  const own = [...nodes.values()].filter((known) => known.stage === stage).sort((a, b) => a.node.node.localeCompare(b.node.node));
  for (const { card } of own) {
    if (card.parentElement !== column) column.append(card);
  }
  part(column, "noNodes").hidden = own.length > 0;
}

function stateOf({ node, goneAt }) {
  if (goneAt) return node.draining ? "drained" : "lost";
  return node.draining ? "draining" : node.running + node.waiting > 0 ? "busy" : "idle";
}

function showNode(known) {
  const { card, node } = known;
  const state = stateOf(known);
  card.dataset.state = state;
  part(card, "nodeName").textContent = node.node;
  part(card, "nodeState").textContent = state;
  if (known.goneAt) showDots(part(card, "dots"), [], 0, 0);
  else showDots(part(card, "dots"), node.samples ?? [], node.running + node.waiting, node.waiting);
  part(card, "held").textContent = state === "lost" ? "Its images continue on other nodes."
    : state === "drained" ? "It has handed on its images and left."
    : `${node.running} running, ${node.waiting} waiting, ${node.free_credits} of ${node.capacity} free`;
  const facts = {
    device: [node.device, node.precision].filter(Boolean).join(" · "),
    engine: [node.engine, node.instruction_set].filter(Boolean).join(" · "),
    models: node.models.map(modelOf).join(", "),
    batch: node.last_batch || "–",
    step: node.step_seconds > 0 ? milliseconds(node.step_seconds) : "–",
    backlog: node.backlog_seconds > 0 ? seconds(node.backlog_seconds) : "none",
    finished: node.failed > 0 ? `${node.finished} (${node.failed} failed)` : node.finished,
  };
  for (const [name, value] of Object.entries(facts)) part(card, name).textContent = value;
  part(card, "engine").title = node.engine_reason ?? "";
}

function modelOf({ id, loaded, problem, other_weights: others }) {
  const remark = problem ? ` (${problem})` : others ? " (other weights)" : loaded ? "" : " (not loaded)";
  return id + remark;
}

const milliseconds = (value) => (value < 1 ? `${Math.max(1, Math.round(value * 1000))} ms` : `${value.toFixed(1)} s`);
