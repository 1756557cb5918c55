"""Trains the upsampler: 16 x 16 latents to 32 x 32 ones (128 to 256 pixels), after cascaded diffusion (Ho et al. 2021).

The network sees the noisy high latent beside the low one, enlarged bilinearly and noised to a level between 0 and
MAX_LEVEL of the same schedule (class label); it predicts v of the plain high latent, so any sampler steps through it.
Three low latents in ten are what the base denoiser makes of the true one, so that its errors are met in training too.
First on 16 x 16 crops of the high latents, then on whole ones.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel

import train_unet
from captions import GROUNDS, article, read_nouns
from checkpoint import Ema, load, save
from pictures import WHITE, Pictures, over
from speed import autocast, hasten
from train_unet import alphas_sigmas
from train_vae import STYLES
from views import text_states

HERE = Path(__file__).parent
MAX_LEVEL = 350
CROP = 16
BASE_SHARE = 0.3
CONFIG = dict(
    sample_size=32, in_channels=8, out_channels=4, block_out_channels=(64, 96, 128), layers_per_block=1,
    down_block_types=("DownBlock2D", "DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D", "UpBlock2D"),
    attention_head_dim=(2, 3, 4), cross_attention_dim=384, use_linear_projection=True, num_class_embeds=MAX_LEVEL,
)


def enlarge(low):
    return F.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False)


def deaf(unet):
    """The low latents say all that the text could: with nothing from the text, guidance leaves the answer as it is."""
    for layer in unet.mid_block.attentions[0].transformer_blocks:
        for parameter in layer.attn2.to_out.parameters():
            parameter.data.zero_()
            parameter.requires_grad_(False)
    return unet


@torch.no_grad()
def by_the_base(unet, low, states, lengths, rng):
    """The base's guess of a low latent that was noised on the way to one of its timesteps."""
    alphas, sigmas = alphas_sigmas()
    t = torch.randint(100, 600, (len(low),), generator=rng)
    alpha, sigma = alphas[t].view(-1, 1, 1, 1), sigmas[t].view(-1, 1, 1, 1)
    noisy = alpha * low + sigma * torch.randn(low.shape, generator=rng)
    seen = torch.arange(states.shape[1]) < lengths[:, None]
    return alpha * noisy - sigma * unet(noisy, t, states.float(), encoder_attention_mask=seen).sample.float()


def pairs_of(pictures, chosen, rng):
    """Yields (RGB of 128, RGB of 256, caption): on white, on a ground, or small and somewhere on white."""
    for i in chosen:
        layer, name = pictures.layer(i, 256), article(pictures.name(i))
        kind = rng.random()
        if kind < 0.25:
            x, y = rng.randrange(0, 129, 16), rng.randrange(0, 129, 16)
            layer, name = F.pad(pictures.layer(i, 128), (x, 128 - x, y, 128 - y)), f"small {name.split(' ', 1)[-1]}"
        colour = rng.choice(list(GROUNDS)) if 0.25 <= kind < 0.5 else None
        ground, name = (GROUNDS[colour], f"{name} on a {colour} background") if colour else (WHITE, name)
        yield over(F.avg_pool2d(layer[None], 2)[0], ground), over(layer, ground), name


@torch.no_grad()
def encode_pairs(work, text):
    """WORK/pairs.pt: low and base [n, 4, 16, 16], high [n, 4, 32, 32]; base is what the base makes of low."""
    vae = AutoencoderKL.from_pretrained(work / "vae", torch_dtype=torch.float32).eval()
    unet = UNet2DConditionModel(**train_unet.CONFIG)
    ema = Ema(unet, 0)
    load(work / "unet.pt", ema=ema)
    ema.copy_to(unet)
    pictures, nouns, rng = Pictures(work), read_nouns(HERE / "nouns.txt"), random.Random(0)
    taught = [i for i in pictures.of(STYLES) if pictures.manifest[i]["concept"] in nouns]
    others = [i for i in pictures.of(STYLES) if pictures.manifest[i]["concept"] not in nouns]
    chosen = rng.sample(taught + others[::3], len(taught) + len(others[::3]))
    low, high, base, batch = [], [], [], []
    noise = torch.Generator().manual_seed(0)

    def encode():
        small, large, names = zip(*batch)
        with autocast("cpu"):
            low.append(vae.encode(torch.stack(small)).latent_dist.mean.float())
            high.append(vae.encode(torch.stack(large)).latent_dist.mean.half())
            base.append(by_the_base(unet, low[-1], *text_states(text, names), noise).half())
        batch.clear()

    for pair in pairs_of(pictures, chosen, rng):
        batch.append(pair)
        if len(batch) == 16:
            encode()
    if batch:
        encode()
    torch.save({"low": torch.cat(low).half(), "high": torch.cat(high), "base": torch.cat(base)}, work / "pairs.pt")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--text", type=Path, required=True, help="a model folder with text_encoder/ and tokenizer/")
    p.add_argument("--steps", type=int, required=True)
    p.add_argument("--crop-steps", type=int, default=0, help="so many of them on crops, the rest on whole latents")
    p.add_argument("--batch", type=int, default=32, help="crops; a quarter of it whole latents")
    p.add_argument("--lr", type=float, default=8e-4)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = p.parse_args()
    torch.manual_seed(0)
    if not (a.work / "pairs.pt").exists():
        encode_pairs(a.work, a.text)
    pairs = torch.load(a.work / "pairs.pt", weights_only=True)
    alphas, sigmas = alphas_sigmas()
    unet = hasten(deaf(UNet2DConditionModel(**CONFIG)).to(a.device), a.device)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0.01)
    ema = Ema(unet, 0.995)
    file = a.work / "upsampler.pt"
    step = first = load(file, model=unet, ema=ema, optimizer=optimizer)
    silence = torch.zeros(1, 2, 384)
    began, mean = time.time(), 0.0
    while step < a.steps:
        rng = torch.Generator().manual_seed(step)
        size = a.batch if step < a.crop_steps else max(1, a.batch // 4)
        rows = torch.randint(len(pairs["low"]), (size,), generator=rng)
        own = torch.rand(size, 1, 1, 1, generator=rng) < BASE_SHARE
        x0, condition = pairs["high"][rows].float(), enlarge(torch.where(own, pairs["base"][rows], pairs["low"][rows]).float())
        if step < a.crop_steps:
            y, x = torch.randint(0, (x0.shape[-1] - CROP) // 4 + 1, (2,), generator=rng) * 4
            x0, condition = (z[:, :, y : y + CROP, x : x + CROP] for z in (x0, condition))
        level = torch.randint(0, MAX_LEVEL, (size,), generator=rng)
        t = torch.randint(0, 1000, (size,), generator=rng)

        def noised(z, at, noise):
            return alphas[at].view(-1, 1, 1, 1) * z + sigmas[at].view(-1, 1, 1, 1) * noise

        noise = torch.randn(x0.shape, generator=rng)
        condition = noised(condition, level, torch.randn(x0.shape, generator=rng))
        v = alphas[t].view(-1, 1, 1, 1) * noise - sigmas[t].view(-1, 1, 1, 1) * x0
        given = torch.cat([noised(x0, t, noise), condition], 1), t, silence.expand(size, -1, -1)
        given, v, level = [g.to(a.device) for g in given], v.to(a.device), level.to(a.device)
        with autocast(a.device):
            predicted = unet(*given, class_labels=level).sample
        loss = F.mse_loss(predicted.float(), v)
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, (step + 1) / 50, max(0.01, 2 * (1 - step / a.steps)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        ema.update(unet)
        step += 1
        mean += loss.item() / 50
        if step % 50 == 0:
            speed = (step - first) * a.batch / (time.time() - began)
            print(json.dumps({"step": step, "loss": round(mean, 4), "per_s": round(speed, 1)}), flush=True)
            mean = 0.0
        if step % 100 == 0 or step == a.steps:
            save(file, step, model=unet, ema=ema, optimizer=optimizer)


if __name__ == "__main__":
    main()
