"""Pictures of distilled models with diffusers' own pipelines: Turbo, Lightning and LCM as published, and a schedule of zero SNR."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import (
    DiffusionPipeline,
    LatentConsistencyModelImg2ImgPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
)
from PIL import Image

import checkpoints
import sdxl
from fixtures import OUT, generator, save_cases
from published import SAMPLERS

HOME = OUT / "few_step"
PROMPT, NEGATIVE = "a red apple on a green hill", "blurry, dark"
BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# As sdxl-turbo and sd-turbo, SDXL-Lightning's guide, LCM_Dreamshaper_v7 and lcm-sdxl have them.
TURBO = {"_class_name": "EulerAncestralDiscreteScheduler", **BETAS, "interpolation_type": "linear", "timestep_spacing": "trailing",
         "prediction_type": "epsilon", "steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True}
LIGHTNING = {"_class_name": "EulerDiscreteScheduler", **BETAS, "interpolation_type": "linear", "timestep_spacing": "trailing",
             "prediction_type": "epsilon", "steps_offset": 1, "use_karras_sigmas": False}
LCM = {"_class_name": "LCMScheduler", **BETAS, "original_inference_steps": 50, "clip_sample": False, "set_alpha_to_one": True,
       "steps_offset": 0, "timestep_scaling": 10.0, "timestep_spacing": "leading", "prediction_type": "epsilon"}
ZERO_SNR = {"_class_name": "DDIMScheduler", **BETAS, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
            "prediction_type": "v_prediction", "steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False}

TEXT, IMAGE, PAINTING = "text_to_image", "image_to_image", "inpainting"
SD, XL, CONSISTENCY = "StableDiffusionPipeline", "StableDiffusionXLPipeline", "LatentConsistencyModelPipeline"
# The classes of a folder's other workflows.
OTHERS = {
    SD: {IMAGE: StableDiffusionImg2ImgPipeline, PAINTING: StableDiffusionInpaintPipeline},
    XL: {IMAGE: StableDiffusionXLImg2ImgPipeline, PAINTING: StableDiffusionXLInpaintPipeline},
    CONSISTENCY: {IMAGE: LatentConsistencyModelImg2ImgPipeline, PAINTING: StableDiffusionInpaintPipeline},
}


def text(steps: int, guidance: float, **more) -> dict:
    return {"workflow": TEXT, "steps": steps, "guidance_scale": guidance, **more}


def image(steps: int, guidance: float, strength: float, **more) -> dict:
    return {"workflow": IMAGE, "steps": steps, "guidance_scale": guidance, "strength": strength, **more}


def painting(steps: int, guidance: float, strength: float = 1.0, **more) -> dict:
    return {"workflow": PAINTING, "steps": steps, "guidance_scale": guidance, "strength": strength, **more}


# (folder, its parts, its pipeline, a UNet of its own, its scheduler, its pictures)
MODELS = [
    ("sd-turbo", "checkpoints/sd1", SD, None, TURBO,
     [text(1, 0.0), text(4, 0.0), text(6, 7.5), image(2, 0.0, 0.5), painting(4, 1.0)]),
    ("sd-lcm", "checkpoints/sd1", CONSISTENCY, "sd-lcm", LCM,
     [text(4, 8.5), text(2, 1.0), image(4, 8.5, 0.5), painting(4, 8.5), painting(4, 7.5, 0.5)]),
    ("sd-lcm-lora", "checkpoints/sd1", SD, None, LCM,
     [text(4, 1.0), text(4, 1.5), text(12, 7.5, sampler="ddim"), image(4, 1.5, 0.5), painting(4, 1.0)]),
    ("sdxl-turbo", "sdxl", XL, None, TURBO,
     [text(1, 0.0), text(4, 0.0), text(6, 5.0), image(2, 0.0, 0.5), painting(4, 0.0)]),
    ("sdxl-lightning", "sdxl", XL, None, LIGHTNING,
     [text(2, 0.0), text(4, 0.0), text(6, 5.0), image(4, 0.0, 0.5), painting(4, 1.0)]),
    ("sdxl-lightning-1-step", "sdxl", XL, None, {**LIGHTNING, "prediction_type": "sample"}, [text(1, 0.0), text(1, 5.0)]),
    ("sdxl-lcm", "sdxl", XL, "sdxl-lcm", LCM,
     [text(4, 8.0), text(2, 1.5), image(4, 8.0, 0.5), painting(4, 8.0)]),
    ("zero-snr", "checkpoints/sd2", SD, None, ZERO_SNR,
     [text(20, 7.5, guidance_rescale=0.7), text(10, 7.5, guidance_rescale=0.7, sampler="euler"), text(8, 1.0),
      image(10, 7.5, 0.6)]),
]
UNETS = {
    "sd-lcm": lambda: checkpoints.unet(
        55, block_out_channels=(8, 8), down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=4, time_cond_proj_dim=16),
    "sdxl-lcm": lambda: sdxl.unet(
        54, block_out_channels=(8, 8), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=1, attention_head_dim=2,
        time_cond_proj_dim=16),
}


def folder(home: Path, parts: str, pipeline: str, unet: str | None, scheduler: dict) -> None:
    shutil.copytree(OUT / parts, home, ignore=shutil.ignore_patterns("pictures", "io.safetensors"))
    index = json.loads((home / "model_index.json").read_text())
    index |= {"_class_name": pipeline, "scheduler": ["diffusers", scheduler["_class_name"]]}
    (home / "model_index.json").write_text(json.dumps(index))
    (home / "scheduler/scheduler_config.json").write_text(json.dumps(scheduler))
    if unet:
        shutil.rmtree(home / "unet")
        shutil.copytree(HOME / unet, home / "unet")


def pipeline(home: Path, kind: str, picture: dict):
    options = {"add_watermarker": False} if kind == XL else {"feature_extractor": None}
    if picture["sampler"]:
        scheduler, keys = SAMPLERS[picture["sampler"]]
        options["scheduler"] = scheduler.from_pretrained(home, subfolder="scheduler", **keys)
    pipe = DiffusionPipeline.from_pretrained(home, torch_dtype=torch.float32, **options)
    assert type(pipe).__name__ == kind
    if picture["workflow"] != TEXT:
        pipe = OTHERS[kind][picture["workflow"]](**pipe.components, **({"add_watermarker": False} if kind == XL else {}))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def draw(home: Path, kind: str, width: int, height: int, picture: dict) -> Image.Image:
    photo, mask = Image.open(OUT / "images/photo.png"), Image.open(OUT / "images/mask.png")
    inputs = {
        TEXT: {"width": width, "height": height},
        IMAGE: {"image": photo.resize((width, height), Image.Resampling.LANCZOS), "strength": picture["strength"]},
        PAINTING: {"image": photo, "mask_image": mask, "width": width, "height": height, "strength": picture["strength"]},
    }[picture["workflow"]]
    if kind != CONSISTENCY:
        inputs["negative_prompt"] = NEGATIVE
    if picture["guidance_rescale"]:
        inputs["guidance_rescale"] = picture["guidance_rescale"]
    return pipeline(home, kind, picture)(
        PROMPT, num_inference_steps=picture["steps"], guidance_scale=picture["guidance_scale"],
        generator=generator(picture["seed"]), **inputs).images[0]


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    for name, make in UNETS.items():
        make().half().save_pretrained(HOME / name)
    models = []
    for name, parts, kind, unet, scheduler, pictures in MODELS:
        # The autoencoder of sd2 has one level less.
        width, height = (32, 24) if parts == "checkpoints/sd2" else (64, 48)
        model = {"name": name, "parts": parts, "pipeline": kind, "unet": unet, "scheduler_config": scheduler, "prompt": PROMPT,
                 "negative_prompt": NEGATIVE, "width": width, "height": height, "pictures": []}
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary) / "model"
            folder(home, parts, kind, unet, scheduler)
            for number, picture in enumerate(pictures):
                picture = {"file": f"{name}-{number}.png", "seed": 3 + number, "strength": 1.0, "guidance_rescale": 0.0,
                           "sampler": None, **picture}
                draw(home, kind, width, height, picture).save(HOME / picture["file"], optimize=True)
                model["pictures"].append(picture)
        models.append(model)
    save_cases(HOME / "models.json", models)


if __name__ == "__main__":
    main()
