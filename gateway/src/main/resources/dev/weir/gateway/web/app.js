// The page at "/": puts its parts together, and shows how the cluster is.

import { loadModels, startForm } from "./form.js";
import { startIncoming } from "./incoming.js";
import { cancelAll, clear, generate, restore } from "./jobs.js";
import { startViewer } from "./viewer.js";

const LOOK_MS = 5000;
const line = document.getElementById("cluster");

async function showCluster() {
  if (document.hidden) return;
  let text = "The server cannot be reached.";
  try {
    const cluster = await (await fetch(new URL("v1/cluster", document.baseURI))).json();
    await loadModels();
    const stages = cluster.stages.filter(({ nodes }) => nodes.length > 0).map(({ stage, nodes }) => `${nodes.length}\u00a0${stage}`);
    text = stages.length > 0 ? stages.join("\u00a0· ") : "No stage is running yet.";
  } catch {
    // Said below, and looked for again.
  }
  if (line.textContent !== text) line.textContent = text;
}

startForm((body) => generate(body));
startIncoming();
startViewer();
restore();
document.getElementById("clear").addEventListener("click", () => {
  if (confirm("Remove all finished images from this page?")) clear();
});
document.getElementById("cancelAll").addEventListener("click", cancelAll);
document.addEventListener("visibilitychange", showCluster);
showCluster();
setInterval(showCluster, LOOK_MS);
