"""Pictures at other sizes as ComfyUI's ImageScale computes them: common_upscale of comfy/utils.py, written down once more.

A picture is numbers between the steps. PyTorch interpolates, and "lanczos" is PIL's, of bytes that are cut off.
"""

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from fixtures import OUT, generator, save_tensors
from latent_sizes import centered

METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
SIZES = {"larger": (19, 23), "smaller": (5, 4), "other": (14, 7)}
CHAIN = [("bicubic", (16, 9)), ("lanczos", (12, 13)), ("bilinear", (7, 20)), ("area", (6, 8)), ("nearest-exact", (11, 10))]


def lanczos(picture: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    levels = np.clip(255.0 * picture[0].movedim(0, -1).numpy(), 0, 255).astype(np.uint8)
    resized = Image.fromarray(levels).resize((size[1], size[0]), resample=Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(resized).astype(np.float32) / 255.0).movedim(-1, 0)[None]


def scaled(picture: torch.Tensor, method: str, size: tuple[int, int]) -> torch.Tensor:
    return lanczos(picture, size) if method == "lanczos" else interpolate(picture, size=size, mode=method)


def main() -> None:
    levels = torch.randint(0, 256, [9, 13, 3], generator=generator(5), dtype=torch.uint8)
    picture = (levels.float() / 255.0).movedim(-1, 0)[None]
    tensors = {"picture": levels.float()}
    for method in METHODS:
        for name, size in SIZES.items():
            tensors[f"{method}/{name}"] = scaled(picture, method, size)[0]
            tensors[f"{method}/{name}/center"] = scaled(centered(picture, size), method, size)[0]
    for method, size in CHAIN:
        picture = scaled(picture, method, size)
    tensors["chain"] = picture[0]
    save_tensors(OUT / "images/comfy_pictures.safetensors", tensors)


if __name__ == "__main__":
    main()
