"""InstructPix2Pix with diffusers' own pipelines over tiny checkpoints: the first network call, the trajectory and the picture."""

import functools
import json
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionXLInstructPix2PixPipeline
from PIL import Image

import checkpoints
import sdxl
from fixtures import OUT, generator, save_cases, save_tensors
from published import SAMPLERS

HOME = OUT / "instruct_pix2pix"
PROMPT, NEGATIVE, SEED = "make it a red apple", "blurry, dark", 7

SD = {"parts": "checkpoints/sd1", "unet": "sd", "pipeline": "StableDiffusionInstructPix2PixPipeline", "guidance_scale": 7.5}
XL = {"parts": "sdxl", "unet": "xl", "pipeline": "StableDiffusionXLInstructPix2PixPipeline", "guidance_scale": 5.0}
CASES = [
    {"name": "sd", **SD, "sampler": "euler_ancestral"},
    {"name": "sd-absent", **SD, "sampler": "ddim", "negative_prompt": None, "guidance_scale": 5.0, "image_guidance_scale": 2.2},
    {"name": "sd-image-alone", **SD, "sampler": "heun", "steps": 6, "image_guidance_scale": 1.0},
    {"name": "sd-unguided", **SD, "sampler": "ddim", "steps": 6, "guidance_scale": 1.0},
    {"name": "sd-little-image", **SD, "sampler": "ddim", "steps": 6, "image_guidance_scale": 0.5},
    {"name": "xl", **XL, "sampler": "euler"},
    {"name": "xl-absent", **XL, "sampler": "euler_ancestral", "negative_prompt": None, "guidance_rescale": 0.7},
    {"name": "xl-scaled", **XL, "sampler": "euler", "steps": 6, "is_cosxl_edit": True},
]
UNETS = {
    "sd": lambda: checkpoints.unet(
        61, 8, in_channels=8, out_channels=4, block_out_channels=(8, 8), attention_head_dim=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")),
    "xl": lambda: sdxl.unet(
        62, in_channels=8, out_channels=4, block_out_channels=(8, 8), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=1, attention_head_dim=2),
}


def folder(home: Path, case: dict) -> None:
    shutil.copytree(OUT / case["parts"], home, ignore=shutil.ignore_patterns("pictures", "io.safetensors"))
    index = json.loads((home / "model_index.json").read_text())
    index |= {"_class_name": case["pipeline"], "is_cosxl_edit": case["is_cosxl_edit"]}
    (home / "model_index.json").write_text(json.dumps(index))
    shutil.rmtree(home / "unet")
    shutil.copytree(HOME / "unet" / case["unet"], home / "unet")


def pipeline(home: Path, case: dict):
    scheduler, keys = SAMPLERS[case["sampler"]]
    scheduler = scheduler.from_pretrained(home, subfolder="scheduler", **keys)
    if case["parts"] == "sdxl":
        kind, options = StableDiffusionXLInstructPix2PixPipeline, {"add_watermarker": False}
    else:
        kind, options = StableDiffusionInstructPix2PixPipeline, {"safety_checker": None, "feature_extractor": None}
    pipe = kind.from_pretrained(home, torch_dtype=torch.float32, scheduler=scheduler, **options)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(home: Path, case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = pipeline(home, case)
    start, calls, steps = [], [], []
    prepare, forward, step = pipe.prepare_latents, pipe.unet.forward, pipe.scheduler.step

    def prepared(*args, **kwargs):
        start.append(prepare(*args, **kwargs))
        return start[0]

    def called(sample, timestep, **inputs):
        answer = forward(sample, timestep, **inputs)
        calls.append({"sample": sample, "timestep": torch.as_tensor(timestep, dtype=torch.float32), "output": answer[0]})
        return answer

    @functools.wraps(step)  # the pipeline looks whether it takes a generator
    def stepped(*args, **kwargs):
        answer = step(*args, **kwargs)
        steps.append(answer[0])
        return answer

    pipe.prepare_latents, pipe.unet.forward, pipe.scheduler.step = prepared, called, stepped
    size = (case["width"], case["height"])
    inputs = {"image": Image.open(OUT / "images" / case["image"]).resize(size, Image.Resampling.LANCZOS)}
    if case["parts"] == "sdxl":
        inputs |= {"width": size[0], "height": size[1], "guidance_rescale": case["guidance_rescale"]}
    image = pipe(
        PROMPT, negative_prompt=case["negative_prompt"], num_inference_steps=case["steps"], guidance_scale=case["guidance_scale"],
        image_guidance_scale=case["image_guidance_scale"], generator=generator(SEED), **inputs).images[0]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    tensors = {"start": start[0], **{f"step {number}": steps[number] for number in case["recorded"]}}
    return tensors | {f"call/{key}": value for key, value in calls[0].items()}, image


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    for name, make in UNETS.items():
        make().half().save_pretrained(HOME / "unet" / name)
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": "image_editing", "prompt": PROMPT, "negative_prompt": NEGATIVE, "image": "photo.png", "width": 64,
                "height": 48, "steps": 20, "seed": SEED, "image_guidance_scale": 1.5, "guidance_rescale": 0.0,
                "is_cosxl_edit": False, **case}
        with tempfile.TemporaryDirectory() as temporary:
            folder(Path(temporary) / "model", case)
            found, image = run(Path(temporary) / "model", case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
