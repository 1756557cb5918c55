"""What Stable Diffusion web UI paints under a mask before it encodes an image (`modules/masking.py`, `fill`): colours from around it.

The same calls of PIL. Weir fills with the same arithmetic.
"""

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps

from fixtures import OUT, save_tensors

SIZE = (48, 32)
BLURS = ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1))  # radius, how often its result is laid over


def fill(image: Image.Image, mask: Image.Image) -> Image.Image:
    filled = Image.new("RGBA", image.size)
    kept = Image.new("RGBa", image.size)
    kept.paste(image.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(mask.convert("L")))
    for radius, repeats in BLURS:
        blurred = kept.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
        for _ in range(repeats):
            filled.alpha_composite(blurred)
    return filled.convert("RGB")


def pixels(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image))


def main() -> None:
    photo = Image.open(OUT / "images/photo.png").convert("RGB").resize(SIZE)
    sharp = Image.open(OUT / "images/mask.png").convert("L").resize(SIZE).point(lambda level: 255 if level > 127 else 0)
    masks = {"sharp": sharp, "soft": sharp.filter(ImageFilter.GaussianBlur(3)), "whole": Image.new("L", SIZE, 255)}
    tensors = {"photo": pixels(photo)}
    for name, mask in masks.items():
        tensors |= {f"{name}/mask": pixels(mask), f"{name}/filled": pixels(fill(photo, mask))}
    save_tensors(OUT / "images/fills.safetensors", tensors)


if __name__ == "__main__":
    main()
