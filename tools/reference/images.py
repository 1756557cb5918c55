"""Workflows with images in, with diffusers' own pipelines over tiny checkpoints: where each begins, its trajectory and its picture."""

import numpy as np
import torch
from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    UNet2DConditionModel,
)
from PIL import Image

from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED
from published import SAMPLERS

HOME = OUT / "images"
PHOTO, MASK, BORDERED = HOME / "photo.png", HOME / "mask.png", HOME / "bordered.png"

XL = {"checkpoint": "sdxl", "guidance_scale": 5.0}
# Published inpainting models: another network, all other parts the same.
NINE = {"pipeline": "StableDiffusionInpaintPipeline", "unet": "images/unet-inpaint"}
NINE_XL = {**XL, "pipeline": "StableDiffusionXLInpaintPipeline", "unet": "images/unet-inpaint-xl"}

CASES = [
    {"name": "image-ddim", "sampler": "ddim", "strength": 0.6},
    {"name": "image-pndm", "sampler": "pndm", "strength": 0.75},
    {"name": "image-ancestral", "sampler": "euler_ancestral", "strength": 0.5},
    {"name": "image-heun", "sampler": "heun", "strength": 0.8},
    {"name": "image-dpmpp", "sampler": "dpmpp_2m", "strength": 1.0},
    {"name": "image-xl", **XL, "sampler": "euler", "strength": 0.3},
    {"name": "inpaint-ddim", "sampler": "ddim", "strength": 1.0, "mask": "mask.png"},
    {"name": "inpaint-pndm", "sampler": "pndm", "strength": 0.8, "mask": "mask.png"},
    {"name": "inpaint-ancestral", "sampler": "euler_ancestral", "strength": 0.6, "mask": "mask.png"},
    {"name": "inpaint-heun", "sampler": "heun", "strength": 1.0, "mask": "mask.png"},
    {"name": "inpaint-dpmpp", "sampler": "dpmpp_2m", "strength": 0.9, "mask": "mask.png"},
    {"name": "inpaint-xl", **XL, "sampler": "euler", "strength": 0.9999, "mask": "mask.png"},
    {"name": "inpaint-region", "sampler": "ddim", "strength": 1.0, "mask": "mask.png", "mask_padding": 6},
    {"name": "inpaint-blurred", "sampler": "ddim", "strength": 1.0, "mask": "mask.png", "mask_blur": 4},
    {"name": "outpaint", "sampler": "ddim", "strength": 1.0, "image": "bordered.png"},
    {"name": "nine-ddim", **NINE, "sampler": "ddim", "strength": 1.0, "mask": "mask.png"},
    {"name": "nine-ancestral", **NINE, "sampler": "euler_ancestral", "strength": 0.7, "mask": "mask.png"},
    {"name": "nine-xl", **NINE_XL, "sampler": "euler", "strength": 0.9999, "mask": "mask.png"},
    {"name": "inpaint-region-blurred", "sampler": "ddim", "strength": 0.8, "mask": "mask.png", "mask_padding": 9, "mask_blur": 3},
    {"name": "inpaint-region-xl", **XL, "sampler": "euler", "strength": 0.9999, "mask": "mask.png", "mask_padding": 0},
    {"name": "nine-region", **NINE, "sampler": "ddim", "strength": 1.0, "mask": "mask.png", "mask_padding": 4, "mask_blur": 2},
]


def photos() -> None:
    """A picture whose sides fit no network, a grey mask, and a picture with a transparent border."""
    HOME.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:70, 0:101]
    waves = [127 + 90 * np.sin(x / 9 + y / 17), 127 + 90 * np.sin(y / 6), 255 * (x + y) / 169]
    noise = torch.randn([70, 101, 3], generator=generator(1)).numpy() * 6
    pixels = np.clip(np.stack(waves, axis=-1) + noise, 0, 255).astype("uint8")
    Image.fromarray(pixels).save(PHOTO, optimize=True)
    mask = np.zeros([70, 101], dtype="uint8")
    mask[20:52, 30:66] = 255
    mask[40:60, 60:80] = 140
    mask[5:12, 5:20] = 110
    Image.fromarray(mask).save(MASK, optimize=True)
    alpha = np.full([70, 101, 1], 255, dtype="uint8")
    alpha[:, :24] = 0
    alpha[58:] = 0
    Image.fromarray(np.concatenate([pixels, alpha], axis=-1)).save(BORDERED, optimize=True)


def like(checkpoint: str, seed: int, more: int) -> UNet2DConditionModel:
    """A checkpoint's network with more channels in."""
    own = UNet2DConditionModel.load_config(OUT / checkpoint / "unet")
    network = randomize(UNet2DConditionModel.from_config({**own, "in_channels": 4 + more}), seed)
    source = generator(seed)
    inputs = {"encoder_hidden_states": torch.randn([2, 9, network.config.cross_attention_dim], generator=source)}
    if network.config.addition_embed_type:
        inputs["added_cond_kwargs"] = {"text_embeds": torch.randn([2, 20], generator=source),
                                       "time_ids": torch.tensor([[64.0, 48, 0, 0, 64, 48]] * 2)}
    sample = torch.randn([2, 4 + more, 8, 8], generator=source)
    scale_last(network.conv_out, network(sample, torch.tensor([900.0, 90.0]), **inputs).sample, 1.0)
    return network


def networks() -> None:
    like("checkpoints/sd1", 41, 5).save_pretrained(HOME / "unet-inpaint")
    like("sdxl", 42, 5).save_pretrained(HOME / "unet-inpaint-xl")


def pipeline(case: dict):
    large = case["checkpoint"] == "sdxl"
    if case["mask"]:
        kind = StableDiffusionXLInpaintPipeline if large else StableDiffusionInpaintPipeline
    else:
        kind = StableDiffusionXLImg2ImgPipeline if large else StableDiffusionImg2ImgPipeline
    options = {"add_watermarker": False} if large else {"safety_checker": None}
    if case["unet"]:
        options["unet"] = UNet2DConditionModel.from_pretrained(OUT / case["unet"])
    pipe = kind.from_pretrained(OUT / case["checkpoint"], **options)
    scheduler, keys = SAMPLERS[case["sampler"]]
    pipe.scheduler = scheduler.from_pretrained(OUT / case["checkpoint"], subfolder="scheduler", **keys)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def inputs(case: dict, pipe) -> dict:
    photo = Image.open(HOME / case["image"])
    if not case["mask"]:
        return {"image": photo.resize((case["width"], case["height"]), Image.Resampling.LANCZOS)}
    mask = Image.fromarray(255 - np.array(photo)[:, :, 3]) if photo.mode == "RGBA" else Image.open(HOME / case["mask"])
    if case["mask_blur"]:
        mask = pipe.mask_processor.blur(mask, case["mask_blur"])
    crop = {"padding_mask_crop": case["mask_padding"]} if case["mask_padding"] is not None else {}
    return {"image": photo.convert("RGB"), "mask_image": mask, "width": case["width"], "height": case["height"], **crop}


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = pipeline(case)
    start, prepare, steps = [], pipe.prepare_latents, []

    def record(*args, **kwargs):
        answer = prepare(*args, **kwargs)
        start.append(answer[0] if isinstance(answer, tuple) else answer)
        return answer

    pipe.prepare_latents = record
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
        strength=case["strength"], generator=generator(SEED), **inputs(case, pipe),
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(kept["latents"]) or {}).images[0]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    return {"start": start[0], **{f"step {step}": steps[step] for step in case["recorded"]}}, image


def main() -> None:
    photos()
    networks()
    tensors, cases = {}, []
    for case in CASES:
        case = {"checkpoint": "checkpoints/sd1", "pipeline": None, "unet": None, "image": "photo.png", "mask": None, "mask_blur": None, "mask_padding": None,
                "guidance_scale": 7.5, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 20, "width": 96,
                "height": 64, **case}
        if case["image"] == "bordered.png":
            case["mask"] = "alpha"
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
