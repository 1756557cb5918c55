"""Networks that see a picture beside their sample, with diffusers' own pipelines: depth-to-image, the x4 and the latent x2 upscaler.

Each model is a checkpoint of its own that shares tokenizer, text encoder and autoencoder with checkpoints/sd1.
"""

import functools
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    DDPMScheduler,
    StableDiffusionDepth2ImgPipeline,
    StableDiffusionLatentUpscalePipeline,
    StableDiffusionUpscalePipeline,
    UNet2DConditionModel,
)
from PIL import Image

from checkpoints import WIDTH, randomize, scale_last
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED
from published import SAMPLERS

HOME, PHOTOS = OUT / "beside", OUT / "images"
PARTS = {"text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
         "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
TWO = {"sample_size": 8, "cross_attention_dim": WIDTH, "norm_num_groups": 4, "layers_per_block": 1, "block_out_channels": [8, 16],
       "attention_head_dim": [1, 2], "use_linear_projection": True, "out_channels": 4,
       "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"]}
K = {"sample_size": 8, "in_channels": 8, "out_channels": 5, "act_fn": "gelu", "attention_head_dim": 16, "conv_in_kernel": 1,
     "conv_out_kernel": 1, "norm_num_groups": None, "mid_block_type": None, "layers_per_block": 1, "cross_attention_dim": WIDTH,
     "block_out_channels": [32, 32], "time_embedding_type": "fourier", "time_embedding_dim": 32, "timestep_post_act": "gelu",
     "time_cond_proj_dim": 128 + WIDTH, "resnet_time_scale_shift": "scale_shift", "only_cross_attention": False,
     "down_block_types": ["KDownBlock2D", "KCrossAttnDownBlock2D"], "up_block_types": ["KCrossAttnUpBlock2D", "KUpBlock2D"]}

MODELS = {
    "depth": {
        "workflow": "depth_to_image", "pipeline": StableDiffusionDepth2ImgPipeline, "unet": {**TWO, "in_channels": 5}, "seed": 61,
        "index": {"depth_estimator": ["transformers", "DPTForDepthEstimation"], "feature_extractor": ["transformers", "DPTImageProcessor"]},
        "scheduler": {"_class_name": "PNDMScheduler", **BETAS, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1}},
    "upscale-x4": {
        "workflow": "upscaling", "pipeline": StableDiffusionUpscalePipeline, "unet": {**TWO, "in_channels": 7, "num_class_embeds": 400}, "seed": 62,
        "index": {"low_res_scheduler": ["diffusers", "DDPMScheduler"], "max_noise_level": 350, "watermarker": [None, None]},
        "scheduler": {"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear",
                      "prediction_type": "v_prediction", "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1},
        "low_res_scheduler": {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
                              "beta_schedule": "scaled_linear", "clip_sample": True}},
    "upscale-latent": {
        "workflow": "upscaling", "pipeline": StableDiffusionLatentUpscalePipeline, "unet": K, "seed": 63, "index": {},
        "scheduler": {"_class_name": "EulerDiscreteScheduler", **BETAS, "prediction_type": "sample", "interpolation_type": "linear",
                      "use_karras_sigmas": False, "timestep_spacing": "linspace"}},
}
CASES = [
    {"name": "depth", "sampler": "pndm", "strength": 0.8, "image": "photo.png", "depth_map": "../beside/map.png", "width": 100, "height": 68},
    {"name": "depth-16-bit", "model": "depth", "sampler": "euler_ancestral", "strength": 0.5, "guidance_scale": 1.0, "depth_map": "../beside/map-16.png",
     "width": 28, "height": 20},
    {"name": "upscale-x4", "sampler": "ddim", "guidance_scale": 9.0, "noise_level": 20, "width": 112, "height": 80},
    {"name": "upscale-x4-noisy", "model": "upscale-x4", "sampler": "euler_ancestral", "guidance_scale": 1.0, "noise_level": 350, "width": 112, "height": 80},
    {"name": "upscale-latent", "sampler": "euler", "guidance_scale": 9.0, "width": 56, "height": 40},
    {"name": "upscale-latent-unguided", "model": "upscale-latent", "sampler": "euler_karras", "guidance_scale": 1.0, "width": 56, "height": 40},
]


def pictures() -> None:
    """A picture whose sides fit no network, and depth maps of other sizes: of colours, and of 16 bits."""
    HOME.mkdir(parents=True, exist_ok=True)
    photo = Image.open(OUT / "images/photo.png").convert("RGB")
    photo.resize((30, 21), Image.Resampling.BICUBIC).save(HOME / "small.png", optimize=True)
    y, x = np.mgrid[0:50, 0:74]
    near = 90 + 80 * np.sin(x / 11 + y / 7) + y
    Image.fromarray(np.stack([near, near * 0.9, near * 0.6], axis=-1).clip(0, 255).astype("uint8")).save(HOME / "map.png", optimize=True)
    y, x = np.mgrid[0:21, 0:30]
    Image.fromarray((30_000 + 40 * x + 25 * np.sin(y / 3) * x).astype("uint16")).save(HOME / "map-16.png", optimize=True)


def network(config: dict, seed: int) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(**config), seed)
    source = generator(seed)
    more = {}
    if model.config.num_class_embeds:
        more["class_labels"] = torch.tensor([3, 300])
    if model.config.time_cond_proj_dim:
        more["timestep_cond"] = torch.randn([2, model.config.time_cond_proj_dim], generator=source)
    sample = torch.randn([2, model.config.in_channels, 8, 8], generator=source)
    timesteps = torch.tensor([0.5, -0.5]) if more.get("timestep_cond") is not None else torch.tensor([900.0, 90.0])
    scale_last(model.conv_out, model(sample, timesteps, torch.randn([2, 9, WIDTH], generator=source), **more).sample, 1.0)
    return model


def models() -> None:
    for name, model in MODELS.items():
        network(model["unet"], model["seed"]).half().save_pretrained(HOME / name / "unet")
        index = {"_class_name": model["pipeline"].__name__, "_diffusers_version": "0.35.2", **PARTS, **model["index"],
                 "scheduler": ["diffusers", model["scheduler"]["_class_name"]]}
        save_json(HOME / name / "model_index.json", index)
        for part in ("scheduler", "low_res_scheduler"):
            if part in model:
                save_json(HOME / name / part / "scheduler_config.json", model[part])


def pipeline(case: dict, home: Path):
    shutil.copytree(OUT / "checkpoints/sd1", home, dirs_exist_ok=True)
    shutil.copytree(HOME / case["model"], home, dirs_exist_ok=True)
    kind = MODELS[case["model"]]["pipeline"]
    more = {"depth_estimator": None, "feature_extractor": None} if case["model"] == "depth" else {}
    scheduler, keys = SAMPLERS[case["sampler"]]
    more["scheduler"] = scheduler.from_pretrained(home, subfolder="scheduler", **keys)
    if case["model"] == "upscale-x4":
        more["low_res_scheduler"] = DDPMScheduler.from_pretrained(home, subfolder="low_res_scheduler")
    pipe = kind.from_pretrained(home, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def inputs(case: dict) -> dict:
    given = {"image": Image.open(PHOTOS / case["image"]).convert("RGB")}
    if case["strength"] is not None:
        given["strength"] = case["strength"]
    if case["noise_level"] is not None:
        given["noise_level"] = case["noise_level"]
    if case["depth_map"]:
        depth = Image.open(PHOTOS / case["depth_map"])
        values = np.array(depth if depth.mode.startswith("I") else depth.convert("L")).astype("float32")
        given["depth_map"] = torch.from_numpy(values)[None]
    return given


def run(case: dict) -> tuple[dict, Image.Image]:
    """Where the run begins, its first network call, its trajectory and its picture."""
    with tempfile.TemporaryDirectory() as temporary:
        pipe = pipeline(case, Path(temporary))
        calls, start, steps = [], [], []
        prepare, forward, step = pipe.prepare_latents, pipe.unet.forward, pipe.scheduler.step

        def prepared(*args, **kwargs):
            start.append(prepare(*args, **kwargs))
            return start[0]

        def called(sample, timestep, *args, **kwargs):
            answer = forward(sample, timestep, *args, **kwargs)
            output = answer[0] if isinstance(answer, tuple) else answer.sample
            calls.append((sample[-1:].clone(), torch.as_tensor(timestep).float().reshape(1), output[-1:].clone()))
            return answer

        @functools.wraps(step)  # pipelines ask whether it takes a generator
        def stepped(*args, **kwargs):
            answer = step(*args, **kwargs)
            steps.append((answer[0] if isinstance(answer, tuple) else answer.prev_sample).clone())
            return answer

        pipe.prepare_latents, pipe.unet.forward, pipe.scheduler.step = prepared, called, stepped
        image = pipe(PROMPT, negative_prompt=NEGATIVE, guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
                     generator=generator(SEED), **inputs(case)).images[0]
    assert image.size == (case["width"], case["height"])
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    sample, timestep, output = calls[0]
    return {"start": start[0], "call/sample": sample, "call/timestep": timestep, "call/output": output,
            **{f"step {i}": steps[i] for i in case["recorded"]}}, image


def main() -> None:
    pictures()
    models()
    tensors, cases = {}, []
    for case in CASES:
        case = {"model": case["name"], "image": "../beside/small.png", "depth_map": None, "strength": None, "noise_level": None, "guidance_scale": 7.5,
                "workflow": None, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 20, **case}
        case["workflow"] = MODELS[case["model"]]["workflow"]
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
