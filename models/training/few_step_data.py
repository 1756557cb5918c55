"""Draws what the few-step student learns from: the teacher's own way from noise to picture, kept at the student's timesteps.

No pictures are needed: captions come from nouns.txt, starting points from a seed. The teacher takes --substeps guided steps of
DPM-Solver++ (2M) between two of the student's timesteps, so it is closer to the exact way than twenty steps of DDIM.

WORK/trajectories/NNNNN.pt, one shard each: latents [n, steps + 1, 4, 16, 16] fp16 (from noise to picture), texts,
states [n, tokens, 384] fp16 (zero-padded), lengths [n]. A shard depends on its number only. Shards that exist are kept.
WORK/check.pt, of the same form: the prompts of prompts.txt from the seeds of sheet.py, for the measure during the training.
"""

import argparse
import os
import random
import time
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel

from captions import GROUNDS, HUES, SET_WEIGHTS, Namer, article, many, read_nouns
from combinations import held, shown
from speed import onnx
from views import text_states

HERE = Path(__file__).parent
KINDS, KIND_SHARES = ("plain", "ground", "colour", "many", "pair"), (0.60, 0.14, 0.08, 0.06, 0.12)


class Captions:
    """Captions as views.py words them, without its pictures. Leaves out what combinations.py keeps unseen."""

    def __init__(self, seed):
        self.rng, self.unseen = random.Random(seed), held()
        self.nouns = list(read_nouns(HERE / "nouns.txt").values())
        self.starred = [noun for noun in self.nouns if noun[1] > 1]

    def namer(self, nouns):
        names, weight = self.rng.choices(nouns, [w for _, w in nouns])[0]
        style = self.rng.choices(list(SET_WEIGHTS), list(SET_WEIGHTS.values()))[0] if weight > 1 else "noto"
        return Namer(self.rng, names, (), style)

    def draw(self):
        while True:
            caption, what = self.one(self.rng.choices(KINDS, KIND_SHARES)[0])
            if caption and what not in self.unseen:
                return caption

    def one(self, kind):
        if kind == "plain":
            return self.namer(self.nouns).plain(), None
        namer = self.namer(self.starred)
        name, first = namer.name(), namer.names[0]
        if kind == "ground":
            colour = self.rng.choice(list(GROUNDS))
            return namer.on(colour), shown("ground", [first], colour)
        if kind == "colour":
            colour = self.rng.choice(list(HUES))
            return namer.styled(article(f"{colour} {name}")), shown("colour", [first], colour)
        if kind == "many":
            count = self.rng.choice(["two", "three", "four"])
            return many(name) and namer.styled(f"{count} {many(name)}"), shown("count", [first], count)
        other = self.namer(self.starred)
        return namer.styled(f"{article(name)} and {article(other.name())}"), shown("pair", [first, other.names[0]], None)


@torch.no_grad()
def teach(unet, scheduler, steps, substeps, guidance, noise, states, lengths):
    """The states at the student's timesteps, noise first: [n, steps + 1, 4, 16, 16]."""
    mask = torch.arange(states.shape[1]) < lengths[:, None]
    scheduler.set_timesteps(steps * substeps)
    z, kept = noise, [noise]
    for i, t in enumerate(scheduler.timesteps):
        unguided, guided = unet(torch.cat([z, z]), t, states, mask).chunk(2)
        z = scheduler.step(unguided + guidance * (guided - unguided), t, z).prev_sample
        if (i + 1) % substeps == 0:
            kept.append(z)
    return torch.stack(kept, 1)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--model", type=Path, default=HERE.parent / "default", help="the teacher's folder")
    p.add_argument("--first", type=int, default=0, help="number of the first shard")
    p.add_argument("--shards", type=int, required=True)
    p.add_argument("--rows", type=int, default=32, help="trajectories a shard")
    p.add_argument("--steps", type=int, default=4, help="the student's")
    p.add_argument("--substeps", type=int, default=3)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--pause", type=Path, help="wait while this file exists")
    a = p.parse_args()
    folder = a.work / "trajectories"
    folder.mkdir(parents=True, exist_ok=True)
    unet = onnx(UNet2DConditionModel.from_pretrained(a.model / "unet", torch_dtype=torch.float32).eval(), a.work / "teacher.onnx")
    scheduler = DPMSolverMultistepScheduler.from_pretrained(
        a.model / "scheduler", algorithm_type="dpmsolver++", timestep_spacing="trailing", final_sigmas_type="zero")

    def draw(file, texts, noise):
        began = time.time()
        states, lengths = text_states(a.model, ["", *texts])
        latents = []
        for rows in torch.arange(len(texts)).split(a.batch):
            while a.pause and a.pause.exists():
                time.sleep(2)
            both = torch.cat([torch.zeros_like(rows), rows + 1])
            latents.append(teach(unet, scheduler, a.steps, a.substeps, a.guidance, noise[rows], states[both].float(), lengths[both]))
        beside = file.with_suffix(".tmp")
        torch.save({"latents": torch.cat(latents).half(), "texts": texts, "states": states[1:], "lengths": lengths[1:]}, beside)
        os.replace(beside, file)
        print(f"{file.name}: {len(texts) / (time.time() - began):.2f} trajectories a second", flush=True)

    if not (a.work / "check.pt").exists():
        prompts = (HERE / "prompts.txt").read_text().splitlines()
        draw(a.work / "check.pt", prompts, torch.cat([torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(i)) for i in range(len(prompts))]))
    for shard in range(a.first, a.first + a.shards):
        file = folder / f"{shard:05}.pt"
        if not file.exists():
            captions = Captions(shard)
            noise = torch.randn(a.rows, 4, 16, 16, generator=torch.Generator().manual_seed(shard))
            draw(file, [captions.draw() for _ in range(a.rows)], noise)


if __name__ == "__main__":
    main()
