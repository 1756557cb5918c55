"""Builds the data set: renders the icon sets (render.mjs, needs Node), then packs what is usable.

WORK/pictures.npy   uint8 [n, 256, 256, 4], RGBA with premultiplied alpha
WORK/manifest.json  a record each: set, concept, words, keywords, group, held_out
"""

import argparse
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SETS = ["noto", "twemoji", "fluent-emoji-flat", "fluent-emoji", "noto-v1", "emojione", "fxemoji", "flat-color-icons"]
SIZE = 256


def slug(label):
    return "".join(c if c.isalnum() else "-" for c in label.lower().replace("’", "").replace("ñ", "n")).strip("-")


def held_out(concept):
    """2 % of the concepts, the same in every style and on every machine."""
    return int(hashlib.sha256(concept.encode()).hexdigest(), 16) % 50 == 0


def visible_on_white(rgba):
    over_white = rgba[..., :3].astype(np.int16) + 255 - rgba[..., 3:].astype(np.int16)
    return ((255 - over_white).max(axis=-1) > 40).mean() > 0.02


def render(work):
    node = work / "render" / "node"
    if not (node / "node_modules").exists():
        node.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", node)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=node, check=True)
    subprocess.run(["node", HERE / "render.mjs", work / "render"], check=True)


def pack(work):
    emoji = {slug(e["label"]): e for e in json.loads((work / "render" / "emoji.json").read_text())}
    squashed = {key.replace("-", ""): key for key in emoji}  # fxemoji runs its words together
    manifest, kept, seen = [], [], set()
    for name in SETS:
        records = [json.loads(line) for line in (work / "render" / f"{name}.jsonl").read_text().splitlines()]
        pixels = np.memmap(work / "render" / f"{name}.rgba", np.uint8, "r").reshape(-1, SIZE, SIZE, 4)
        for record, rgba in zip(records, pixels, strict=True):
            digest = hashlib.sha256(rgba[::4, ::4].tobytes()).digest()
            if digest in seen or not visible_on_white(rgba[::2, ::2]):
                continue
            seen.add(digest)
            concept = squashed.get(record["name"].replace("-", ""), record["name"])
            about = emoji.get(concept, {})
            manifest.append({
                "set": name,
                "concept": concept,
                "words": concept.replace("-", " "),
                "keywords": about.get("tags", []),
                "group": about.get("group"),
                "held_out": held_out(concept),
            })
            kept.append(rgba)
    out = np.lib.format.open_memmap(work / "pictures.npy", "w+", np.uint8, (len(kept), SIZE, SIZE, 4))
    for index, rgba in enumerate(kept):
        out[index] = rgba
    (work / "manifest.json").write_text("\n".join(["["] + [json.dumps(m) + "," for m in manifest])[:-1] + "\n]\n")
    print(f"{len(manifest)} pictures of {len({m['concept'] for m in manifest})} concepts")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--work", type=Path, default=HERE / "work")
    work = arguments.parse_args().work
    render(work)
    pack(work)
