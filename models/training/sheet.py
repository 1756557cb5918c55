"""Draws the prompts of prompts.txt, one picture each, none picked: a sheet to look at."""

import argparse
from pathlib import Path

from sampling import Sampler, sheet

HERE = Path(__file__).parent


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--model", type=Path, default=HERE.parent / "default")
    p.add_argument("--unet", type=Path, help="another base denoiser's folder, such as a few-step student's")
    p.add_argument("--prompts", type=Path, default=HERE / "prompts.txt")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--count", type=int, default=64)
    p.add_argument("--base", action="store_true", help="without the upsampler")
    a = p.parse_args()
    prompts = a.prompts.read_text().splitlines()[: a.count]
    sampler = Sampler(a.model, unet=a.unet)
    seeds = [a.seed + i for i in range(len(prompts))]
    latents = sampler.latents(prompts, seeds, a.steps, a.guidance)
    if not a.base:
        latents = sampler.upsampled(latents, seeds)
    sheet(sampler.pictures(latents), 8, a.out)


if __name__ == "__main__":
    main()
