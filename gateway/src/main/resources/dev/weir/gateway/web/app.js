// The page at "/": puts its parts together, and shows how the cluster is.

import { showCluster } from "./cluster.js";
import { offerDrawing, startDrawing } from "./drawing.js";
import { listJobs } from "./elsewhere.js";
import { startFollowing } from "./follow.js";
import { currentModel, fill, loadModels, startForm, useAs } from "./form.js";
import { showHistory, startHistory } from "./history.js";
import { startIncoming } from "./incoming.js";
import { cancelAll, clear, draw, forget, generate, join, restore } from "./jobs.js";
import { pictureOf } from "./store.js";
import { enlargement, startViewer } from "./viewer.js";
import { go, isShown, startViews } from "./views.js";
import { serverUrl } from "./server.js";
import { enlarge, vary } from "./variations.js";

const LOOK_MS = 5000;
const WATCH_MS = 1000;
const LIST_MS = 10_000;
const byId = (id) => document.getElementById(id);

let looked = 0;

async function look() {
  if (document.hidden) return;
  let text = "The server cannot be reached.";
  try {
    const cluster = await (await fetch(serverUrl("v1/cluster"))).json();
    if (isShown("cluster")) showCluster(cluster);
    offerDrawing(cluster);
    if (Date.now() - looked >= LOOK_MS) {
      await loadModels();
      looked = Date.now();
    }
    const stages = cluster.stages.filter(({ nodes }) => nodes.length > 0).map(({ stage, nodes }) => nodesOf(nodes.length, stage));
    text = stages.length > 0 ? stages.join("\u00a0· ") : "No stage is running yet.";
  } catch {
    // Said below, and looked for again.
  }
  if (byId("line").textContent !== text) byId("line").textContent = text;
}

const nodesOf = (count, stage) => `${count}\u00a0${stage.replaceAll("-", "\u00a0")}${count === 1 ? "" : "s"}`;

let next = null;

/** The next look begins when this one has its answer. */
async function goOnLooking() {
  await look();
  clearTimeout(next);
  next = setTimeout(goOnLooking, isShown("cluster") ? WATCH_MS : LOOK_MS);
}

async function lookForJobs() {
  if (!document.hidden) join(await listJobs(50));
}

startForm((body) => generate(body));
startDrawing(draw);
startIncoming();
startHistory();
startViewer({
  useAgain: ({ body, outcome }) => {
    go("create");
    fill({ ...body, seed: outcome.seed, n: 1 });
  },
  vary: async (entry) => {
    const picture = await pictureOf(entry);
    go("create");
    vary(entry, picture, currentModel());
  },
  enlarge: async (entry) => {
    const way = enlargement(entry);
    const picture = way.takesPicture && await pictureOf(entry);
    go("create");
    enlarge(entry, picture, way);
  },
  asInput: async (entry) => {
    const picture = await pictureOf(entry);
    go("create");
    useAs("init_image", picture);
  },
  deleteImage: async (entry) => {
    if (!confirm("Delete this image, here and at the server?")) return;
    await forget(entry);
    if (isShown("history")) showHistory();
  },
});
restore();
lookForJobs();
byId("clear").addEventListener("click", () => {
  if (confirm("Remove all finished images from this list? The history keeps them.")) clear();
});
byId("cancelAll").addEventListener("click", cancelAll);
document.addEventListener("visibilitychange", () => {
  looked = 0;
  goOnLooking();
});
document.addEventListener("visibilitychange", lookForJobs);
startFollowing();
startViews({ history: showHistory, cluster: goOnLooking });
goOnLooking();
setInterval(lookForJobs, LIST_MS);
