"""Latents at other sizes: torch.nn.functional.interpolate, as ComfyUI's LatentUpscale and Automatic1111's Latent upscalers use it."""

import torch
from torch.nn.functional import interpolate

from fixtures import OUT, generator, save_tensors

SIZES = {"larger": (8, 12), "other": (7, 5), "smaller": (2, 3)}
MODES = {"nearest": {}, "nearest-exact": {}, "area": {}, "bilinear": {}, "bicubic": {},
         "bilinear-antialiased": {"antialias": True}, "bicubic-antialiased": {"antialias": True}}


def main() -> None:
    latent = torch.randn([1, 2, 4, 6], generator=generator(7))
    tensors = {"latent": latent[0]}
    for name, more in MODES.items():
        for size, sides in SIZES.items():
            tensors[f"{name}/{size}"] = interpolate(latent, size=sides, mode=name.removesuffix("-antialiased"), **more)[0]
    save_tensors(OUT / "images/latent_sizes.safetensors", tensors)


if __name__ == "__main__":
    main()
