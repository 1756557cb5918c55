"""Prompts to pictures with diffusers' own pieces, for sheets and scores: DDIM, guidance, no clipping."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image

from train_upsampler import enlarge
from views import text_states


class Sampler:
    """A model folder, loaded once, perhaps with another base denoiser. One generator a picture: a picture depends on its
    own prompt and seed only."""

    def __init__(self, folder: Path, device="cpu", unet: Path | None = None):
        self.folder, self.device = folder, device
        self.unet = UNet2DConditionModel.from_pretrained(unet or folder / "unet", torch_dtype=torch.float32).eval().to(device)
        self.vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval().to(device)
        self.scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        second = folder / "upsampler"
        if second.exists():
            self.upsampler = UNet2DConditionModel.from_pretrained(second / "unet", torch_dtype=torch.float32).eval().to(device)
            self.second_scheduler = DDIMScheduler.from_pretrained(second / "scheduler")
            self.level = json.loads((folder / "weir.json").read_text())["defaults"]["upsampler_noise_level"]

    @torch.no_grad()
    def latents(self, prompts, seeds, steps=20, guidance=4.0, batch=16):
        states, lengths = text_states(self.folder, ["", *prompts])
        mask = torch.arange(states.shape[1]) < lengths[:, None]
        out = []
        for rows in torch.arange(1, len(prompts) + 1).split(batch):
            passes = rows if guidance == 1 else torch.cat([torch.zeros_like(rows), rows])
            context, seen = states[passes].float().to(self.device), mask[passes].to(self.device)
            z = torch.stack([torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(seeds[r - 1])) for r in rows.tolist()])
            z = z.to(self.device)
            self.scheduler.set_timesteps(steps)
            for t in self.scheduler.timesteps:
                v = self.unet(z.repeat(len(passes) // len(z), 1, 1, 1), t, context, encoder_attention_mask=seen).sample
                unguided, guided = v[: len(z)], v[-len(z) :]
                z = self.scheduler.step(unguided + guidance * (guided - unguided), t, z).prev_sample
            out.append(z)
        return torch.cat(out)

    @torch.no_grad()
    def upsampled(self, latents, seeds, steps=8, level=None, batch=16):
        """The cascade's second stage. Without text, which it does not hear; a generator a picture, as in Weir."""
        level = self.level if level is None else level
        scheduler, out = self.second_scheduler, []
        for base, part in zip(latents.split(batch), torch.tensor(seeds).split(batch)):
            low = enlarge(base)
            sources = [torch.Generator().manual_seed(seed) for seed in part.tolist()]
            augmentation = torch.stack([torch.randn(low.shape[1:], generator=source) for source in sources]).to(self.device)
            low = scheduler.add_noise(low, augmentation, torch.full((len(part),), level))
            z = torch.stack([torch.randn(low.shape[1:], generator=source) for source in sources]).to(self.device)
            silence = torch.zeros(len(part), 2, self.upsampler.config.cross_attention_dim, device=self.device)
            labels = torch.full((len(part),), level, device=self.device)
            scheduler.set_timesteps(steps)
            for t in scheduler.timesteps:
                v = self.upsampler(torch.cat([z, low], 1), t, silence, class_labels=labels).sample
                z = scheduler.step(v, t, z).prev_sample
            out.append(z)
        return torch.cat(out)

    @torch.no_grad()
    def pictures(self, latents):
        """RGB in [-1, 1], [n, 3, 8 height, 8 width]."""
        z = latents / self.vae.config.scaling_factor
        return torch.cat([self.vae.decode(part).sample.clamp(-1, 1).cpu() for part in z.split(16)])


def sheet(pictures, columns, file):
    pictures = torch.nn.functional.pad(pictures, (1, 1, 1, 1), value=0.5)
    rows = [torch.cat(list(row), dim=2) for row in pictures.split(columns)]
    rows[-1] = torch.nn.functional.pad(rows[-1], (0, rows[0].shape[2] - rows[-1].shape[2]), value=1.0)
    rgb = torch.cat(rows, dim=1).add(1).mul(127.5).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(rgb).save(file)
