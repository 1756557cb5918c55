// Renders every icon of every set to SIZE x SIZE premultiplied RGBA, appended to WORK/<set>.rgba, one line of
// WORK/<set>.jsonl each. resvg aborts its whole process on a few icons, so the rendering runs in a child that is
// started again past the icon it died on. Finished sets are kept: a second call does only what is missing.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const SIZE = 256;
const SETS = ["noto", "twemoji", "fluent-emoji-flat", "fluent-emoji", "noto-v1", "emojione", "fxemoji", "flat-color-icons"];
const work = path.resolve(process.argv[2]);
const require = createRequire(path.join(work, "node", "package.json"));

/** Base icons only: one picture a concept, so no skin tones, no couples, no hidden glyphs. */
function wanted(name, icons) {
  const toned = name.match(/^(.*?)-(light|medium-light|medium|medium-dark|dark)$/);
  if (/skin-tone/.test(name) || (toned && icons[`${toned[1]}-medium-light`])) return false;
  return !/^(family|kiss-|couple-|women-|men-|people-|keycap|regional|letter|japanese-.*-button)/.test(name) && !icons[name].hidden;
}

function render(set) {
  const { Resvg } = require("@resvg/resvg-js");
  const { icons, width, height } = require(`@iconify-json/${set}/icons.json`);
  const names = Object.keys(icons).filter((name) => wanted(name, icons));
  const base = path.join(work, set);
  const cursor = fs.existsSync(`${base}.next`) ? Number(fs.readFileSync(`${base}.next`, "utf8")) : 0;
  for (let i = cursor; i < names.length; i++) {
    fs.writeFileSync(`${base}.next`, String(i + 1)); // written first: a crash skips this icon
    const { body, left = 0, top = 0, width: w = width, height: h = height } = icons[names[i]];
    const box = Math.max(w, h);
    const view = `${left - (box - w) / 2} ${top - (box - h) / 2} ${box} ${box}`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${view}" width="${SIZE}" height="${SIZE}">${body}</svg>`;
    const pixels = new Resvg(svg).render().pixels;
    fs.appendFileSync(`${base}.rgba`, pixels);
    fs.appendFileSync(`${base}.jsonl`, JSON.stringify({ set, name: names[i] }) + "\n");
  }
  fs.writeFileSync(`${base}.done`, "");
}

if (process.argv[3]) {
  render(process.argv[3]);
} else {
  for (const set of SETS) {
    while (!fs.existsSync(path.join(work, `${set}.done`)))
      spawnSync(process.execPath, [import.meta.filename ?? process.argv[1], work, set], { stdio: "inherit" });
    console.log(set, fs.readFileSync(path.join(work, `${set}.jsonl`), "utf8").trim().split("\n").length);
  }
  const tags = require("emojibase-data/en/data.json").map(({ label, tags, group, subgroup }) => ({ label, tags, group, subgroup }));
  fs.writeFileSync(path.join(work, "emoji.json"), JSON.stringify(tags));
}
