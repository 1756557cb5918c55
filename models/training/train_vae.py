"""Trains the autoencoder: AutoencoderKL, factor 8, four latent channels, on crops first and whole pictures later.

It starts from an autoencoder given with --start, keeps the directions of its latent space that carry something
(so that a denoiser trained on them can go on too) and opens the dead ones again.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from checkpoint import Ema, load, save
from pictures import WHITE, Pictures, over
from speed import autocast

KL_WEIGHT = 5e-5  # 1e-3 of a mean over latents killed two channels of four
ALIGN_WEIGHT = 0.05
STYLES = ["noto", "twemoji", "fluent-emoji-flat"]


@torch.no_grad()
def widened(vae, widths):
    """The same function, nearly, with more channels: each is a copy of one of its own norm group, the next layer's
    weights are shared out among the copies, and a little noise lets them part ways."""
    wide = AutoencoderKL.from_config({**vae.config, "block_out_channels": widths})
    state = vae.state_dict()

    def spread(old, new):
        groups = vae.config.norm_num_groups
        if old == new or old % groups:
            return torch.arange(old)
        size = torch.arange(new // groups) * (old // groups) // (new // groups)
        return (torch.arange(groups)[:, None] * (old // groups) + size).flatten()

    for name, weight in wide.state_dict().items():
        if name not in state:  # a shortcut where the channels were the same on both sides before
            weight.zero_()
            if weight.dim() > 1:
                weight[torch.arange(len(weight)), spread(weight.shape[1], len(weight)), 0, 0] = 1
            continue
        old = state[name][spread(len(state[name]), len(weight))]
        if old.dim() > 1 and old.shape[1] != weight.shape[1]:
            source = spread(old.shape[1], weight.shape[1])
            share = torch.bincount(source)[source]
            old = old[:, source] / share.view(-1, *[1] * (old.dim() - 2))
        weight.copy_(old + 0.02 * old.std() * torch.randn_like(old) if old.dim() > 1 and old.shape != state[name].shape else old)
    return wide


@torch.no_grad()
def revive(vae, rgb):
    """Folds the quant convs into their neighbours and gives dead latent channels fresh weights, unit variance on `rgb`.

    Returns the channels that were alive.
    """
    z = vae.encode(rgb).latent_dist.mean
    alive = z.std((0, 2, 3)) > 0.1
    dead = (~alive).nonzero().flatten()
    out, quant = vae.encoder.conv_out, vae.quant_conv
    out.weight.copy_(torch.einsum("oc,cihw->oihw", quant.weight[:, :, 0, 0], out.weight))
    out.bias.copy_(quant.weight[:, :, 0, 0] @ out.bias + quant.bias)
    quant.weight.copy_(torch.eye(8)[:, :, None, None]), quant.bias.zero_()
    into, post = vae.decoder.conv_in, vae.post_quant_conv
    into.bias.add_(torch.einsum("oihw,i->o", into.weight, post.bias))  # not exact at the borders; trained away
    into.weight.copy_(torch.einsum("oihw,ic->ochw", into.weight, post.weight[:, :, 0, 0]))
    post.weight.copy_(torch.eye(4)[:, :, None, None]), post.bias.zero_()
    if len(dead):
        out.weight[dead], out.bias[dead] = torch.randn_like(out.weight[dead]), 0
        z = vae.encode(rgb).latent_dist.mean[:, dead]
        out.weight[dead] /= z.std((0, 2, 3))[:, None, None, None]
        out.bias[dead] = -(z.mean((0, 2, 3)) / z.std((0, 2, 3)))
        into.weight[:, dead] = 0.3 * into.weight[:, alive].std() * torch.randn_like(into.weight[:, dead])
        out.weight[4:], out.bias[4:] = 0, -6.0  # a standard deviation of 0.05 to start with
    return alive


def sample(pictures, indices, rng, size, crop):
    """A view: any ground, mirrored, sometimes with its colours permuted, cropped where something is."""
    layer = pictures.layer(indices[torch.randint(len(indices), (), generator=rng)], size)
    chance = torch.rand(6, generator=rng)
    rgb = over(layer, WHITE if chance[0] < 0.6 else chance[1:4])
    if chance[4] < 0.5:
        rgb = rgb.flip(-1)
    if chance[5] < 0.2:
        rgb = rgb[torch.randperm(3, generator=rng)]
    if crop == size:
        return rgb
    for _ in range(4):
        y, x = torch.randint(0, (size - crop) // 8 + 1, (2,), generator=rng) * 8
        view = rgb[:, y : y + crop, x : x + crop]
        if view.std() > 0.05:
            break
    return view


def loss_of(rgb, target):
    dx = (rgb.diff(dim=-1) - target.diff(dim=-1)).abs().mean()
    dy = (rgb.diff(dim=-2) - target.diff(dim=-2)).abs().mean()
    return F.l1_loss(rgb, target) + 0.5 * (dx + dy) + 3 * F.mse_loss(rgb, target)


@torch.no_grad()
def evaluate(vae, pictures, count=96):
    """PSNR on held-out concepts (mean latents, white ground, 128 x 128) and the principal variances of the latents."""
    held = pictures.of(STYLES, held_out=True)
    held = held[:: max(1, len(held) // count)]
    errors, latents = [], []
    for i in range(0, len(held), 8):
        rgb = torch.stack([over(pictures.layer(j, 128), WHITE) for j in held[i : i + 8]])
        z = vae.encode(rgb).latent_dist.mean
        errors.append(((vae.decode(z).sample.clamp(-1, 1) - rgb) / 2).square().mean((1, 2, 3)))
        latents.append(z)
    z = torch.cat(latents).permute(1, 0, 2, 3).flatten(1)
    variances = torch.linalg.eigvalsh(torch.cov(z)).flip(0)
    psnr = -10 * torch.cat(errors).mean().log10()
    return {"psnr": round(psnr.item(), 2), "variances": [round(v, 4) for v in variances.tolist()], "pictures": len(held)}


@torch.no_grad()
def export(vae, pictures, indices, first, folder):
    """Whitens the latents inside the quant convs (exact and linear), so that scaling_factor is 1, fits the previews'
    latent-to-RGB matrix and writes the diffusers folder. Channels `first` keep their direction, the others follow."""
    rgb = torch.stack([over(pictures.layer(i, 128), WHITE) for i in indices[:: max(1, len(indices) // 400)]])
    latents = torch.cat([vae.encode(part).latent_dist.mean for part in rgb.split(16)])
    z = latents.permute(1, 0, 2, 3).flatten(1).double()
    order = torch.tensor([*first, *(c for c in range(4) if c not in first)])
    lower = torch.linalg.cholesky(torch.cov(z[order]))
    back = torch.zeros(4, 4, dtype=torch.float64)
    back[order[:, None], order] = lower  # latent = back @ white + mean
    there, mean = torch.linalg.inv(back), z.mean(1)
    quant, post = vae.quant_conv, vae.post_quant_conv
    weight, bias = quant.weight[:4, :, 0, 0].double(), quant.bias[:4].double()
    quant.weight[:4, :, 0, 0], quant.bias[:4] = (there @ weight).float(), (there @ (bias - mean)).float()
    quant.bias[4:] += 2 * there.diagonal().abs().log().float()  # the posterior's spread shrinks or grows alike
    weight, bias = post.weight[:, :, 0, 0].double(), post.bias.double()
    post.weight[:, :, 0, 0] = (weight @ back).float()
    post.bias.copy_((weight @ mean + bias).float())
    white = there @ (z - mean[:, None])
    small = F.avg_pool2d(rgb, 8).permute(1, 0, 2, 3).flatten(1).double()
    fit = torch.linalg.lstsq(torch.cat([white, torch.ones_like(white[:1])]).T, small.T).solution
    vae.register_to_config(scaling_factor=1.0)
    vae.half().save_pretrained(folder)
    vae.float()
    (folder / "latent_rgb.json").write_text(json.dumps({"matrix": fit[:4].tolist(), "bias": fit[4].tolist()}, indent=1))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--start", type=Path, required=True, help="a diffusers autoencoder folder to start from")
    p.add_argument("--steps", type=int, default=2700)
    p.add_argument("--crop-steps", type=int, default=2200, help="so many of them on 64 x 64 crops, the rest on whole pictures")
    p.add_argument("--widths", type=int, nargs=4, help="block_out_channels, where they shall be wider than the start's")
    p.add_argument("--lr", type=float, default=8e-4)
    a = p.parse_args()
    torch.manual_seed(0)
    pictures = Pictures(a.work)
    indices = pictures.of(STYLES)
    vae = AutoencoderKL.from_pretrained(a.start, torch_dtype=torch.float32)
    anchor = AutoencoderKL.from_pretrained(a.start, torch_dtype=torch.float32).requires_grad_(False)
    start = indices[:: len(indices) // 64]
    alive = revive(vae, torch.stack([over(pictures.layer(i, 128), WHITE) for i in start]))
    print("alive at the start:", alive.tolist(), flush=True)
    if a.widths:
        vae = widened(vae, a.widths)
    print(json.dumps(evaluate(vae, pictures)), flush=True)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0)
    ema = Ema(vae, 0.998)
    file = a.work / "vae.pt"
    step = load(file, model=vae, ema=ema, optimizer=optimizer)
    began, first, mean = time.time(), step, 0.0
    while step < a.steps:
        rng = torch.Generator().manual_seed(step)
        crops = step < a.crop_steps
        double = step % 4 == 3  # every fourth batch from the 256 x 256 renders, which the upsampler's latents need
        size, crop, batch = (256 if double else 128), (64 if crops else 128), (8 if crops else 4)
        rgb = torch.stack([sample(pictures, indices, rng, size, crop) for _ in range(batch)])
        with autocast("cpu"):
            posterior = vae.encode(rgb).latent_dist
            mean_, logvar = posterior.mean.float(), posterior.logvar.float()
            z = mean_ + torch.randn(mean_.shape, generator=rng) * (0.5 * logvar).exp()
            decoded = vae.decode(z).sample.float()
            kept = anchor.encode(rgb).latent_dist.mean.float()[:, alive] if step % 3 == 0 else None
        kl = 0.5 * (mean_.square() + logvar.exp() - 1 - logvar).mean()
        recon = loss_of(decoded, rgb)
        loss = recon + KL_WEIGHT * kl
        if kept is not None:
            loss = loss + ALIGN_WEIGHT * F.mse_loss(mean_[:, alive], kept)
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / a.steps)) + 1e-6
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        ema.update(vae)
        step += 1
        mean += recon.item() / 50
        if step % 50 == 0:
            rate = (step - first) / (time.time() - began)
            print(f"step {step} loss {mean:.4f} kl {kl.item():.2f} {rate:.2f} steps/s", flush=True)
            mean = 0.0
        if step % 500 == 0 or step == a.steps:
            save(file, step, model=vae, ema=ema, optimizer=optimizer)
            with ema.applied(vae):
                print(json.dumps({"step": step, **evaluate(vae, pictures)}), flush=True)
    ema.copy_to(vae)
    export(vae, pictures, indices, alive.nonzero().flatten().tolist(), a.work / "vae")
    print(json.dumps(evaluate(AutoencoderKL.from_pretrained(a.work / "vae", torch_dtype=torch.float32), pictures)))


if __name__ == "__main__":
    main()
