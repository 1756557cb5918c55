// The page at "/": puts its parts together, and shows how the cluster is.

import { showCluster } from "./cluster.js";
import { listJobs } from "./elsewhere.js";
import { currentModel, fill, loadModels, startForm, useAs } from "./form.js";
import { showHistory, startHistory } from "./history.js";
import { startIncoming } from "./incoming.js";
import { cancelAll, clear, forget, generate, join, restore, vary } from "./jobs.js";
import { pictureOf } from "./store.js";
import { startViewer } from "./viewer.js";
import { go, isShown, startViews } from "./views.js";
import { serverUrl } from "./server.js";

const LOOK_MS = 5000;
const WATCH_MS = 1000;
const LIST_MS = 10_000;
const byId = (id) => document.getElementById(id);

async function look() {
  if (document.hidden) return;
  let text = "The server cannot be reached.";
  try {
    const cluster = await (await fetch(serverUrl("v1/cluster"))).json();
    if (isShown("cluster")) showCluster(cluster);
    await loadModels();
    const stages = cluster.stages.filter(({ nodes }) => nodes.length > 0).map(({ stage, nodes }) => `${nodes.length}\u00a0${stage}`);
    text = stages.length > 0 ? stages.join("\u00a0· ") : "No stage is running yet.";
  } catch {
    // Said below, and looked for again.
  }
  if (byId("line").textContent !== text) byId("line").textContent = text;
}

async function lookForJobs() {
  if (!document.hidden) join(await listJobs());
}

startForm((body) => generate(body));
startIncoming();
startHistory();
startViewer(pictureOf, {
  useAgain: ({ body, outcome }) => {
    go("create");
    fill({ ...body, seed: outcome.seed, n: 1 });
  },
  vary: (entry, picture) => {
    go("create");
    vary(entry, picture, currentModel());
  },
  asInput: (entry, picture) => {
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
document.addEventListener("visibilitychange", look);
document.addEventListener("visibilitychange", lookForJobs);
startViews({ history: showHistory, cluster: look });
look();
setInterval(look, LOOK_MS);
setInterval(lookForJobs, LIST_MS);
setInterval(() => { if (isShown("cluster")) look(); }, WATCH_MS);
