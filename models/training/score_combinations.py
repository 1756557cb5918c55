"""Scores what the training data does not contain: the 200 prompts of combinations.txt, one picture each, none picked.

The scorer of score.py looks at each named thing where the composed views had taught to put it, and ranks the starred
nouns. A prompt is right when every thing that it names is among the first five, and its ground or colour is the one asked for.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from captions import HUES
from combinations import FILE, read, starred
from sampling import Sampler
from score import PictureEncoder, nearest_ground, ranks, sentence_embeddings

HERE = Path(__file__).parent
PLACES = {  # (top, left) of half-size things, in sixteenths of the picture
    "pair": [(4, 0), (4, 8)], "left of": [(4, 0), (4, 8)], "two": [(4, 0), (4, 8)],
    "three": [(0, 4), (8, 0), (8, 8)], "four": [(0, 0), (0, 8), (8, 0), (8, 8)],
}


def hue_of(rgb):
    """The name of the hue that most of the picture's saturated pixels are nearest to."""
    pixels = ((rgb + 1) * 127.5).clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    hsv = np.asarray(Image.fromarray(pixels).convert("HSV")).reshape(-1, 3) / 255.0
    strength = hsv[:, 1] * hsv[:, 2] * (hsv[:, 1] > 0.25)
    wheel = np.array([abs((hsv[:, 0] - h + 0.5) % 1 - 0.5) for h in HUES.values()]).argmin(0)
    return list(HUES)[np.bincount(wheel, strength, len(HUES)).argmax()]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--model", type=Path, default=HERE.parent / "default")
    p.add_argument("--unet", type=Path, help="another base denoiser's folder, such as a few-step student's")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--guidance", type=float, default=4.0)
    a = p.parse_args()
    names = starred()
    net = PictureEncoder().eval()
    net.load_state_dict(torch.load(a.work / "scorer.pt", weights_only=True))
    embeddings = sentence_embeddings(a.model, names)
    prompts = FILE.read_text().splitlines()
    sampler = Sampler(a.model, unet=a.unet)
    pictures = sampler.pictures(sampler.latents(prompts, list(range(len(prompts))), steps=a.steps, guidance=a.guidance))
    seen, found = {}, []
    for prompt, rgb in zip(prompts, pictures):
        kind, things, asked = read(prompt, names)
        unit = rgb.shape[-1] // 16
        views = [rgb[:, y * unit : (y + 8) * unit, x * unit : (x + 8) * unit] for y, x in PLACES.get(asked or kind, [])] or [rgb]
        views = torch.stack([F.interpolate(v[None], 64, mode="bilinear", antialias=True)[0] for v in views])
        right = torch.tensor([names.index(n) for n in (things * len(views))[: len(views)]])
        things_right = (ranks(net, views, right, embeddings) < 5).tolist()
        measure = {"ground": nearest_ground, "colour": hue_of}.get(kind)
        aspect = measure is None or measure(rgb) == asked
        tally = seen.setdefault(kind, {"prompts": 0, "right": 0, "things": 0, "things_right": 0, "aspect_right": 0})
        for key, value in (("prompts", 1), ("right", all(things_right) and aspect), ("things", len(views)),
                           ("things_right", sum(things_right)), ("aspect_right", aspect)):
            tally[key] += int(value)
        if all(things_right) and aspect:
            found.append(prompt)
    print(json.dumps(seen, indent=1))
    print("right:", "; ".join(found))


if __name__ == "__main__":
    main()
