"""Trains the upsampler: 16 x 16 latents to 32 x 32 ones (128 to 256 pixels), after cascaded diffusion (Ho et al. 2021).

The network sees the noisy high latent beside the low one, enlarged bilinearly and noised to a level between 0 and
MAX_LEVEL of the same schedule (class label); it predicts v of the plain high latent, so any sampler steps through it.
Trained on 16 x 16 crops of the high latents.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel

from captions import article, read_nouns
from checkpoint import Ema, load, save
from pictures import WHITE, Pictures, over
from train_unet import alphas_sigmas
from views import SET_WEIGHTS, text_states

HERE = Path(__file__).parent
MAX_LEVEL = 350
CROP = 16
CONFIG = dict(
    sample_size=32, in_channels=8, out_channels=4, block_out_channels=(64, 96, 128), layers_per_block=1,
    down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    attention_head_dim=(2, 3, 4), cross_attention_dim=384, use_linear_projection=True, num_class_embeds=MAX_LEVEL,
)


def enlarge(low):
    return F.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False)


@torch.no_grad()
def encode_pairs(work, text):
    """WORK/pairs.pt: low [n, 4, 16, 16], high [n, 4, 32, 32], states and lengths of one caption each."""
    vae = AutoencoderKL.from_pretrained(work / "vae", torch_dtype=torch.float32).eval()
    pictures, nouns = Pictures(work), read_nouns(HERE / "nouns.txt")
    rows = [i for i in pictures.of(SET_WEIGHTS) if pictures.manifest[i]["concept"] in nouns]
    low, high = [], []
    for i in rows:
        low.append(vae.encode(over(pictures.layer(i, 128), WHITE)[None]).latent_dist.mean.half())
        high.append(vae.encode(over(pictures.layer(i, 256), WHITE)[None]).latent_dist.mean.half())
    states, lengths = text_states(text, [article(nouns[pictures.manifest[i]["concept"]][0][0]) for i in rows])
    torch.save({"low": torch.cat(low), "high": torch.cat(high), "states": states, "lengths": lengths}, work / "pairs.pt")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--text", type=Path, required=True, help="a model folder with text_encoder/ and tokenizer/")
    p.add_argument("--steps", type=int, required=True)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=8e-4)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = p.parse_args()
    torch.manual_seed(0)
    if not (a.work / "pairs.pt").exists():
        encode_pairs(a.work, a.text)
    pairs = torch.load(a.work / "pairs.pt", weights_only=True)
    alphas, sigmas = alphas_sigmas()
    unet = UNet2DConditionModel(**CONFIG).to(a.device)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0.01)
    ema = Ema(unet, 0.995)
    file = a.work / "upsampler.pt"
    step = first = load(file, model=unet, ema=ema, optimizer=optimizer)
    began, mean = time.time(), 0.0
    while step < a.steps:
        rng = torch.Generator().manual_seed(step)
        rows = torch.randint(len(pairs["low"]), (a.batch,), generator=rng)
        x0, condition = pairs["high"][rows].float(), enlarge(pairs["low"][rows].float())
        y, x = torch.randint(0, (x0.shape[-1] - CROP) // 4 + 1, (2,), generator=rng) * 4
        x0, condition = (z[:, :, y : y + CROP, x : x + CROP] for z in (x0, condition))
        level = torch.randint(0, MAX_LEVEL, (a.batch,), generator=rng)
        t = torch.randint(0, 1000, (a.batch,), generator=rng)

        def noised(z, at, noise):
            return alphas[at].view(-1, 1, 1, 1) * z + sigmas[at].view(-1, 1, 1, 1) * noise

        noise = torch.randn(x0.shape, generator=rng)
        condition = noised(condition, level, torch.randn(x0.shape, generator=rng))
        v = alphas[t].view(-1, 1, 1, 1) * noise - sigmas[t].view(-1, 1, 1, 1) * x0
        longest = int(pairs["lengths"][rows].max())
        seen = torch.arange(longest) < pairs["lengths"][rows, None]
        given = torch.cat([noised(x0, t, noise), condition], 1), t, pairs["states"][rows, :longest].float()
        given, v, level, seen = [g.to(a.device) for g in given], v.to(a.device), level.to(a.device), seen.to(a.device)
        with torch.autocast(a.device, torch.bfloat16, enabled=a.device == "cuda"):
            predicted = unet(*given, class_labels=level, encoder_attention_mask=seen).sample
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
        if step % 200 == 0 or step == a.steps:
            save(file, step, model=unet, ema=ema, optimizer=optimizer)


if __name__ == "__main__":
    main()
