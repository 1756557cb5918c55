"""Trains the base denoiser: v-prediction on the latents of views.pt, text states as cross-attention context."""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel

from checkpoint import Ema, load, save
from speed import autocast, hasten

CAPTION_DROPOUT = 0.1
CONFIG = dict(
    sample_size=16, in_channels=4, out_channels=4, block_out_channels=(64, 128, 192), layers_per_block=1,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    attention_head_dim=(2, 4, 6), cross_attention_dim=384, use_linear_projection=True,
)


def alphas_sigmas(steps=1000):
    """squaredcos_cap_v2 (Nichol and Dhariwal 2021): sqrt(alpha_bar), sqrt(1 - alpha_bar) for each timestep."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    bar = torch.cos((t + 0.008) / 1.008 * torch.pi / 2) ** 2
    bar = torch.cumprod(1 - (1 - bar[1:] / bar[:-1]).clamp(max=0.999), 0)
    return bar.sqrt().float(), (1 - bar).sqrt().float()


class Views:
    """The encoded views; draws batches of latents and text states by weight."""

    def __init__(self, file):
        data = torch.load(file, weights_only=True)
        self.latents, self.weights, self.captions = data["latents"], data["weights"], data["captions"]
        self.states, self.lengths = data["states"], data["lengths"]

    def batch(self, rng, size):
        rows = torch.multinomial(self.weights, size, replacement=True, generator=rng)
        picks = torch.rand(size, 2, generator=rng)
        texts = torch.tensor([
            0 if drop < CAPTION_DROPOUT else self.captions[row][int(pick * len(self.captions[row]))]
            for row, (drop, pick) in zip(rows.tolist(), picks.tolist())
        ])
        return self.latents[rows].float(), *self.text(texts)

    def text(self, texts):
        lengths = self.lengths[texts]
        longest = int(lengths.max())
        return self.states[texts, :longest].float(), torch.arange(longest) < lengths[:, None]


def start_from(unet, folder, channels):
    """Takes another UNet's weights; of its latent channels only `channels` mean the same here, the others begin at zero."""
    state = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).state_dict()
    fresh = [c for c in range(4) if c not in channels]
    state["conv_in.weight"][:, fresh] = 0
    state["conv_out.weight"][fresh], state["conv_out.bias"][fresh] = 0, 0
    unet.load_state_dict(state)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--start", type=Path, help="a UNet folder to take weights from where there is no checkpoint yet")
    p.add_argument("--channels", type=int, nargs="*", default=[0, 1, 2, 3], help="latent channels that the start shares")
    p.add_argument("--steps", type=int, required=True)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=5e-4)
    p.add_argument("--decay-from", type=float, default=0.5, help="share of the steps after which the rate falls to zero")
    p.add_argument("--ema", type=float, default=0.998)
    p.add_argument("--noise", type=float, default=1.0, help="exponent of the timesteps' distribution: below 1, noisy ones come more often")
    p.add_argument("--out", type=Path, help="where the averaged weights go at each checkpoint (a UNet folder, fp16)")
    p.add_argument("--pause", type=Path, help="wait while this file exists")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = p.parse_args()
    torch.manual_seed(0)
    views = Views(a.work / "views.pt")
    alphas, sigmas = alphas_sigmas()
    unet = UNet2DConditionModel(**CONFIG)
    if a.start:
        start_from(unet, a.start, a.channels)
    hasten(unet.to(a.device), a.device)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0.01, foreach=True)
    ema = Ema(unet, a.ema)
    file = a.work / "unet.pt"
    step = first = load(file, model=unet, ema=ema, optimizer=optimizer)
    began, mean = time.time(), torch.zeros(4)
    while step < a.steps:
        while a.pause and a.pause.exists():
            time.sleep(2)
        rng = torch.Generator().manual_seed(step)
        x0, states, mask = views.batch(rng, a.batch)
        t = (1000 * torch.rand(a.batch, generator=rng) ** a.noise).long()
        noise = torch.randn(x0.shape, generator=rng)
        alpha, sigma = alphas[t].view(-1, 1, 1, 1), sigmas[t].view(-1, 1, 1, 1)
        noisy, v = alpha * x0 + sigma * noise, alpha * noise - sigma * x0
        noisy, v, t, states, mask = (x.to(a.device) for x in (noisy, v, t, states, mask))
        with autocast(a.device):
            predicted = unet(noisy, t, states, encoder_attention_mask=mask).sample
        errors = F.mse_loss(predicted.float(), v, reduction="none").mean((0, 2, 3))
        rate = min(1, (step + 1) / 100, max(0.01, (1 - step / a.steps) / (1 - a.decay_from)))
        for group in optimizer.param_groups:
            group["lr"] = a.lr * rate
        optimizer.zero_grad(set_to_none=True)
        errors.mean().backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0, foreach=True)
        optimizer.step()
        ema.update(unet)
        step += 1
        mean += errors.detach().cpu() / 50
        if step % 50 == 0:
            speed = (step - first) * a.batch / (time.time() - began)
            channels = [round(m, 3) for m in mean.tolist()]
            print(json.dumps({"step": step, "loss": round(mean.mean().item(), 4), "channels": channels, "per_s": round(speed, 1)}), flush=True)
            mean.zero_()
        if step % 100 == 0 or step == a.steps:
            save(file, step, model=unet, ema=ema, optimizer=optimizer)
            if a.out:
                with ema.applied(unet):
                    unet.half().save_pretrained(a.out)
                    unet.float()


if __name__ == "__main__":
    main()
