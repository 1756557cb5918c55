"""Sharpens the decoder alone on whole pictures: the latents stay what they are, so no denoiser has to learn anew.

Reads WORK/vae, trains only what follows the latents, writes WORK/vae again after every part.
"""

import argparse
import json
import math
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from checkpoint import Ema, load, save
from pictures import Pictures
from speed import autocast
from train_vae import STYLES, evaluate, loss_of, sample

NOISE = 0.05  # on the latents, as generated ones are never exact


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--steps", type=int, default=600)
    p.add_argument("--batch", type=int, default=4)
    p.add_argument("--lr", type=float, default=4e-4)
    a = p.parse_args()
    pictures = Pictures(a.work)
    indices = pictures.of(STYLES)
    vae = AutoencoderKL.from_pretrained(a.work / "vae", torch_dtype=torch.float32).requires_grad_(False)
    trained = torch.nn.ModuleList([vae.post_quant_conv, vae.decoder]).requires_grad_(True)
    optimizer = torch.optim.AdamW(trained.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0)
    ema = Ema(trained, 0.998)
    file = a.work / "decoder.pt"
    step = load(file, model=trained, ema=ema, optimizer=optimizer)
    mean = 0.0
    while step < a.steps:
        rng = torch.Generator().manual_seed(10_000_000 + step)
        size = 256 if step % 4 == 3 else 128
        rgb = torch.stack([sample(pictures, indices, rng, size, 128) for _ in range(a.batch)])
        with autocast("cpu"):
            with torch.no_grad():
                z = vae.encode(rgb).latent_dist.mean.float()
            decoded = vae.decode(z + NOISE * torch.randn(z.shape, generator=rng)).sample.float()
        loss = loss_of(decoded, rgb)
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * step / a.steps)) + 1e-6
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        ema.update(trained)
        step += 1
        mean += loss.item() / 50
        if step % 50 == 0:
            print(f"step {step} loss {mean:.4f}", flush=True)
            mean = 0.0
        if step % 200 == 0 or step == a.steps:
            save(file, step, model=trained, ema=ema, optimizer=optimizer)
            with ema.applied(trained):
                print(json.dumps({"step": step, **evaluate(vae, pictures)}), flush=True)
                vae.half().save_pretrained(a.work / "vae")
                vae.float()


if __name__ == "__main__":
    main()
