"""What PIL, transformers' CLIPImageProcessor and diffusers' VaeImageProcessor make of small pictures."""

import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image, ImageFilter
from transformers import CLIPImageProcessor

from fixtures import OUT, generator, save_cases, save_tensors

HOME = OUT / "pictures"

FILTERS = {"NEAREST": 0, "LANCZOS": 1, "BILINEAR": 2, "BICUBIC": 3, "BOX": 4, "HAMMING": 5}


def picture(width: int, height: int, channels: int, seed: int) -> Image.Image:
    """Smooth shapes with noise and hard edges: what filters overshoot at."""
    noise = torch.rand([height, width, channels], generator=generator(seed)).numpy()
    y, x = np.mgrid[0:height, 0:width]
    waves = 0.5 + 0.5 * np.sin(x[..., None] / 3 + y[..., None] / 5 + np.arange(channels))
    values = np.where((x // 4 + y // 6)[..., None] % 2 == 0, waves, noise)
    values = (values * 255).round().astype(np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values)


def array(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image).copy())


def levels(pixels: torch.Tensor) -> torch.Tensor:
    """Values in [-1, 1], or 0 and 1 of a mask, as the bytes that they were made from."""
    level = (pixels + 1) * 127.5 if pixels.dim() == 3 else pixels * 255
    assert (level - level.round()).abs().max() < 1e-3
    return level.round().to(torch.uint8)


def resizes(tensors: dict) -> list:
    cases = []
    for channels in (1, 3):
        source = picture(23, 17, channels, channels)
        tensors[f"source/{channels}"] = array(source)
        for name, number in FILTERS.items():
            for width, height in ((8, 8), (40, 31), (30, 8), (23, 9), (11, 17), (1, 1)):
                case = f"resize/{channels}/{name}/{width}x{height}"
                tensors[case] = array(source.resize((width, height), resample=number))
                cases.append({"kind": "resize", "name": case, "channels": channels, "filter": name,
                              "width": width, "height": height})
        for radius in (0.4, 1, 2.5, 4, 15):
            case = f"blur/{channels}/{radius}"
            tensors[case] = array(source.filter(ImageFilter.GaussianBlur(radius)))
            cases.append({"kind": "blur", "name": case, "channels": channels, "radius": radius})
    return cases


def clip(tensors: dict) -> list:
    cases = []
    configs = [
        {"size": {"shortest_edge": 12}, "crop_size": {"height": 12, "width": 12}},
        {"size": 12, "crop_size": 12, "resample": 3},
        {"size": {"shortest_edge": 10}, "crop_size": {"height": 14, "width": 13}, "resample": 2},
        {"size": {"height": 9, "width": 14}, "crop_size": {"height": 8, "width": 8}, "resample": 1,
         "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.5]},
        {"do_resize": False, "crop_size": {"height": 11, "width": 26}, "do_normalize": False},
        {"size": {"shortest_edge": 12}, "do_center_crop": False, "do_rescale": False},
    ]
    for number, config in enumerate(configs):
        processor = CLIPImageProcessor(**config)
        for source in (picture(23, 17, 3, 3), picture(17, 23, 3, 4)):
            case = f"clip/{number}/{source.width}x{source.height}"
            tensors[f"clip/source/{source.width}x{source.height}"] = array(source)
            tensors[case] = processor(source, return_tensors="pt").pixel_values[0]
            cases.append({"kind": "clip", "name": case, "source": f"clip/source/{source.width}x{source.height}", "config": config})
    return cases


def vae(tensors: dict) -> list:
    cases = []
    processor = VaeImageProcessor(vae_scale_factor=8)
    masks = VaeImageProcessor(vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True)
    for width, height in ((23, 17), (17, 23), (41, 26)):
        source, drawn = picture(width, height, 3, width), picture(width, height, 3, height)
        for mode in ("default", "fill", "crop"):
            case = f"vae/{width}x{height}/{mode}"
            tensors[f"vae/{width}x{height}/source"] = array(source)
            tensors[f"vae/{width}x{height}/drawn"] = array(drawn)
            tensors[case + "/pixels"] = levels(processor.preprocess(source, height=24, width=16, resize_mode=mode)[0])
            tensors[case + "/mask"] = levels(masks.preprocess(drawn, height=24, width=16, resize_mode=mode)[0, 0])
            cases.append({"kind": "vae", "name": case, "source": f"vae/{width}x{height}", "mode": mode})
    tensors["vae/own-size"] = levels(processor.preprocess(picture(41, 26, 3, 41))[0])
    return cases


def inpaint(tensors: dict) -> list:
    """A mask with soft edges; only its surroundings are painted and put back."""
    cases = []
    processor = VaeImageProcessor(vae_scale_factor=8)
    masks = VaeImageProcessor(vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True)
    boxes = {"inside": (10, 9, 22, 17), "corner": (0, 0, 5, 4), "right": (37, 10, 41, 30), "low": (3, 26, 30, 33),
             "wide": (1, 15, 40, 17), "all": (0, 0, 41, 33)}
    for name, (x1, y1, x2, y2) in boxes.items():
        original = picture(41, 33, 3, 50)
        drawn = Image.new("L", original.size)
        drawn.paste(255, (x1, y1, x2, y2))
        soft = masks.blur(drawn, blur_factor=2)
        for width, height, pad in ((16, 24, 3), (24, 16, 0)):
            case = f"inpaint/{name}/{width}x{height}"
            region = masks.get_crop_region(soft, width, height, pad=pad)
            painted = picture(width, height, 3, 51)
            tensors["inpaint/original"] = array(original)
            tensors[f"inpaint/{name}/drawn"], tensors[f"inpaint/{name}/soft"] = array(drawn), array(soft)
            tensors[f"inpaint/painted/{width}x{height}"] = array(painted)
            tensors[case + "/pixels"] = levels(processor.preprocess(
                original, height=height, width=width, resize_mode="fill", crops_coords=region)[0])
            tensors[case + "/mask"] = levels(masks.preprocess(
                soft, height=height, width=width, resize_mode="fill", crops_coords=region)[0, 0])
            tensors[case + "/whole"] = array(processor.apply_overlay(soft, original, painted, region))
            cases.append({"kind": "inpaint", "name": case, "box": name, "width": width, "height": height, "padding": pad,
                          "region": region})
    return cases


def main() -> None:
    tensors = {}
    cases = resizes(tensors) + clip(tensors) + vae(tensors) + inpaint(tensors)
    save_tensors(HOME / "pictures.safetensors", tensors)
    save_cases(HOME / "pictures.json", cases)
