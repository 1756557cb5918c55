"""Latents at other sizes: torch.nn.functional.interpolate and bislerp, as ComfyUI's LatentUpscale and Automatic1111's Latent upscalers
use them."""

import torch
from torch.nn.functional import interpolate

from fixtures import OUT, generator, save_tensors

SIZES = {"larger": (8, 12), "other": (7, 5), "smaller": (2, 3)}
MODES = {"nearest": {}, "nearest-exact": {}, "area": {}, "bilinear": {}, "bicubic": {},
         "bilinear-antialiased": {"antialias": True}, "bicubic-antialiased": {"antialias": True},
         "bicubic-antialiased-aligned": {"antialias": True, "align_corners": True}}


def slerp(one: torch.Tensor, other: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Between two latents, place by place: the direction of the channels turns, and their length changes evenly."""
    lengths = [each.norm(dim=1, keepdim=True) for each in (one, other)]
    units = [torch.where(length == 0, 0, each / length) for each, length in zip((one, other), lengths)]
    cosine = (units[0] * units[1]).sum(1, keepdim=True)
    angle = cosine.acos()
    turned = ((1 - share) * angle).sin() / angle.sin() * units[0] + (share * angle).sin() / angle.sin() * units[1]
    between = turned * (lengths[0] * (1 - share) + lengths[1] * share)
    between = torch.where(cosine > 1 - 1e-5, one, between)
    return torch.where(cosine < 1e-5 - 1, one * (1 - share) + other * share, between)


def places(length: int, new: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each new place the old one before it, the one after it, and the share of that one: interpolated indices."""
    before = torch.arange(length, dtype=torch.float32)
    after = (before + 1).clamp(max=length - 1)
    at = [interpolate(index.reshape(1, 1, 1, -1), size=(1, new), mode="bilinear").flatten() for index in (before, after)]
    return at[0].long(), at[1].long(), at[0] - at[0].floor()


def bislerp(latent: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """comfy/utils.py: one axis after the other, the width first."""
    before, after, share = places(latent.shape[3], size[1])
    wide = slerp(latent[:, :, :, before], latent[:, :, :, after], share)
    before, after, share = places(latent.shape[2], size[0])
    return slerp(wide[:, :, before], wide[:, :, after], share[:, None])


def centered(latent: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """comfy/utils.py, crop "center": the middle that has the proportions of the new size."""
    height, width = latent.shape[2:]
    old, new = width / height, size[1] / size[0]
    x = round((width - width * (new / old)) / 2) if old > new else 0
    y = round((height - height * (old / new)) / 2) if old < new else 0
    return latent[:, :, y:height - y, x:width - x]


def main() -> None:
    latent = torch.randn([1, 2, 4, 6], generator=generator(7))
    tensors = {"latent": latent[0]}
    for name, more in MODES.items():
        mode = name.removesuffix("-aligned").removesuffix("-antialiased")
        for size, sides in SIZES.items():
            tensors[f"{name}/{size}"] = interpolate(latent, size=sides, mode=mode, **more)[0]
    for size, sides in SIZES.items():
        tensors[f"bislerp/{size}"] = bislerp(latent, sides)[0]
    alike = torch.stack([latent[0, 0], 2 * latent[0, 0]])[None]
    alike[:, :, 1, 2] = 0
    tensors["alike"] = alike[0]
    tensors["bislerp/alike"] = bislerp(alike, (7, 9))[0]
    for name, sides in {"wide": (4, 12), "high": (12, 6), "square": (9, 9)}.items():
        tensors[f"center/{name}"] = interpolate(centered(latent, sides), size=sides, mode="bilinear")[0]
    save_tensors(OUT / "images/latent_sizes.safetensors", tensors)


if __name__ == "__main__":
    main()
