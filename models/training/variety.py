"""Measures how different a prompt's pictures are from seed to seed: the mean distance of all pairs.

Two embeddings: the mean latents of the model's own autoencoder (what a picture looks like, needs nothing else), and the
scorer's of score.py, where WORK/scorer.pt exists (what it shows). Each is divided by the mean distance between the pictures of
different nouns, and, where WORK has the real pictures, compared with the real pictures of one noun in the same way.
"""

import argparse
import json
import random
from pathlib import Path

import torch
import torch.nn.functional as F

from captions import article, read_nouns
from pictures import WHITE, Pictures, over
from sampling import Sampler
from score import SIZE, PictureEncoder

HERE = Path(__file__).parent


def embeddings(vae, work):
    """Name to function of RGB pictures of 128 x 128 in [-1, 1]."""

    @torch.no_grad()
    def look(rgb):
        return torch.cat([vae.encode(part).latent_dist.mean.flatten(1) for part in rgb.split(16)])

    found = {"look": look}
    if work and (work / "scorer.pt").exists():
        net = PictureEncoder().eval()
        net.load_state_dict(torch.load(work / "scorer.pt", weights_only=True))
        found["meaning"] = torch.no_grad()(lambda rgb: net(F.avg_pool2d(rgb, rgb.shape[-1] // SIZE)))
    return found


def spread(vectors, groups):
    """The mean distance within a group, the mean distance between groups, and their ratio."""
    distances, same = torch.cdist(vectors, vectors), groups[:, None] == groups
    apart = ~torch.eye(len(groups), dtype=torch.bool)
    within, between = distances[same & apart].mean().item(), distances[~same].mean().item()
    return {"within": round(within, 3), "between": round(between, 3), "ratio": round(within / between, 3)}


def real(work, nouns, sets=None):
    """Pictures of the nouns that have at least two, and the noun of each."""
    pictures = Pictures(work)
    rows = [(i, nouns.index(m["concept"])) for i, m in enumerate(pictures.manifest)
            if m["concept"] in nouns and (sets is None or m["set"] in sets)]
    counts = torch.bincount(torch.tensor([g for _, g in rows]), minlength=len(nouns))
    rows = [(i, g) for i, g in rows if counts[g] > 1]
    return torch.stack([over(pictures.layer(i, 128), WHITE) for i, _ in rows]), torch.tensor([g for _, g in rows])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, help="the folder of score.py and data.py, if there is one")
    p.add_argument("--model", type=Path, default=HERE.parent / "default")
    p.add_argument("--unet", type=Path, help="another base denoiser's folder, such as a few-step student's")
    p.add_argument("--nouns", type=int, default=20)
    p.add_argument("--seeds", type=int, default=8)
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--guidance", type=float, default=4.0)
    a = p.parse_args()
    starred = {concept: names for concept, (names, weight) in read_nouns(HERE / "nouns.txt").items() if weight > 1}
    nouns = random.Random(0).sample(sorted(starred), a.nouns)
    sampler = Sampler(a.model, unet=a.unet)
    prompts = [article(starred[noun][0]) for noun in nouns for _ in range(a.seeds)]
    groups = torch.arange(a.nouns).repeat_interleave(a.seeds)
    sets = {"drawn": (sampler.pictures(sampler.latents(prompts, list(range(len(prompts))), a.steps, a.guidance)), groups)}
    if a.work and (a.work / "pictures.npy").exists():
        sets["real, three trained styles"] = real(a.work, nouns, ("noto", "twemoji", "fluent-emoji-flat"))
        sets["real, all styles"] = real(a.work, nouns)
    for name, embed in embeddings(sampler.vae, a.work).items():
        print(json.dumps({"embedding": name, **{kind: spread(embed(rgb), which) for kind, (rgb, which) in sets.items()}}))


if __name__ == "__main__":
    main()
