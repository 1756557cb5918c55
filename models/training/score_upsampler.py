"""Measures the second stage on concepts that no part was trained on, beside decoding the bilinearly enlarged latents.

The truth is the 256 x 256 render. Low latents: the true ones (of the 128 x 128 render), and the base's own: what it makes
of the true ones after they were noised to timestep 400 of 1000. All pictures are on white.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from captions import article
from pictures import WHITE, Pictures, over
from sampling import Sampler
from train_upsampler import enlarge
from train_vae import STYLES
from views import text_states

HERE = Path(__file__).parent
FROM = 400


def edges(rgb):
    """Differences of neighbours, across and down, in one row a picture."""
    return torch.cat([rgb.diff(dim=-1).flatten(1), rgb.diff(dim=-2).flatten(1)], 1)


def across_seams(rgb, every=8):
    """The mean step between columns where one latent's pixels end, over that of all columns."""
    steps = rgb.diff(dim=-1).abs().mean((0, 1, 2))
    return (steps[every - 1 :: every].mean() / steps.mean()).item()


def compared(rgb, truth):
    error = (rgb - truth) / 2
    return {
        "psnr": round(-10 * error.square().mean().log10().item(), 2),
        "edge_error": round((edges(rgb) - edges(truth)).abs().mean().item(), 4),
        "edge_energy": round((edges(rgb).square().mean() / edges(truth).square().mean()).item(), 3),
        "seams": round(across_seams(rgb) / across_seams(truth), 3),
        "colour_shift": [round(c * 255, 2) for c in error.mean((0, 2, 3)).tolist()],
    }


@torch.no_grad()
def by_the_base(sampler, low, names, steps=20):
    """Noised to FROM and denoised again by the base's own sampler, told the name, without guidance."""
    states, lengths = text_states(sampler.folder, names)
    seen = torch.arange(states.shape[1]) < lengths[:, None]
    scheduler = sampler.scheduler
    scheduler.set_timesteps(steps)
    left = [t for t in scheduler.timesteps if t < FROM]
    z = scheduler.add_noise(low, torch.randn(low.shape, generator=torch.Generator().manual_seed(0)), left[0].expand(len(low)))
    for t in left:
        z = scheduler.step(sampler.unet(z, t, states.float(), encoder_attention_mask=seen).sample, t, z).prev_sample
    return z


@torch.no_grad()
def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--model", type=Path, default=HERE.parent / "default")
    p.add_argument("--steps", type=int, default=8)
    p.add_argument("--level", type=int, nargs="*", help="noise levels to try instead of the model's own")
    a = p.parse_args()
    sampler, pictures = Sampler(a.model), Pictures(a.work)
    held = pictures.of(STYLES, held_out=True)
    truth = torch.stack([over(pictures.layer(i, 256), WHITE) for i in held])
    low = torch.cat([sampler.vae.encode(part).latent_dist.mean for part in F.avg_pool2d(truth, 2).split(16)])
    high = torch.cat([sampler.vae.encode(part).latent_dist.mean for part in truth.split(8)])
    result = {"pictures": len(held), "decoded from true high latents": compared(sampler.pictures(high), truth)}
    names = [article(pictures.name(i)) for i in held]
    for kind, base in (("true", low), ("base's", by_the_base(sampler, low, names))):
        result[f"{kind} low latents, bilinear"] = compared(sampler.pictures(enlarge(base)), truth)
        for level in a.level or [sampler.level]:
            up = sampler.upsampled(base, list(range(len(base))), a.steps, level)
            result[f"{kind} low latents, upsampler, level {level}"] = compared(sampler.pictures(up), truth)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
