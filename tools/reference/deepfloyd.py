"""DeepFloyd IF with diffusers' own pipelines: stage I, stage II, and the x4 upscaler after them. Tiny random checkpoints.

The tokenizer is that of t5, and the upscaler is beside/upscale-x4 with the parts of checkpoints/sd1. Each pipeline is given a new generator of the
seed. Cleaning captions changes no more of these prompts than their case and the spaces around them.
"""

import functools
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import DDPMScheduler, IFPipeline, IFSuperResolutionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import T5TokenizerFast

import beside
import t5
from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_json, save_tensors

HOME = OUT / "deepfloyd"
T5_WIDTH, CONTEXT, KEPT = 24, 32, 9
BETAS = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "squaredcos_cap_v2"}
SCHEDULER = {"_class_name": "DDPMScheduler", **BETAS, "variance_type": "learned_range", "prediction_type": "epsilon", "clip_sample": True,
             "thresholding": True, "dynamic_thresholding_ratio": 0.95, "sample_max_value": 1.5}
UNET = {
    "in_channels": 3, "out_channels": 6, "sample_size": 8, "block_out_channels": [8, 16], "layers_per_block": 1, "norm_num_groups": 4,
    "act_fn": "gelu", "time_embedding_act_fn": "gelu", "attention_head_dim": 8, "cross_attention_dim": CONTEXT, "encoder_hid_dim": T5_WIDTH,
    "cross_attention_norm": "group_norm", "addition_embed_type": "text", "addition_embed_type_num_heads": 4, "only_cross_attention": False,
    "resnet_time_scale_shift": "scale_shift", "resnet_skip_time_act": True, "resnet_out_scale_factor": 1.41421356, "mid_block_scale_factor": 1.41421356,
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn", "down_block_types": ["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"],
    "up_block_types": ["SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"]}
SUPER = {**UNET, "in_channels": 6, "sample_size": 32, "class_embed_type": "timestep", "only_cross_attention": True}

TEXT = {"prompt": " A red Apple on a green hill ", "negative_prompt": None, "seed": 7}
CASES = [
    {"name": "base", "layout": "base", **TEXT, "guidance_scale": 7.0, "steps": 20, "width": 12, "height": 8},
    {"name": "unguided", "layout": "base", **TEXT, "guidance_scale": 1.0, "steps": 9, "width": 12, "height": 8, "seed": 5},
    {"name": "both", "layout": "both", **TEXT, "negative_prompt": "blurry, Dark", "guidance_scale": 7.0, "steps": 12, "width": 24, "height": 16},
    {"name": "all", "layout": "all", **TEXT, "guidance_scale": 5.0, "steps": 20, "width": 96, "height": 64},
    {"name": "super", "layout": "super", **TEXT, "image": "../deepfloyd/small.png", "noise_level": 250, "guidance_scale": 4.0, "steps": 20, "width": 24, "height": 16},
    {"name": "super-quiet", "layout": "super", **TEXT, "image": "../deepfloyd/small.png", "noise_level": 0, "guidance_scale": 1.0, "steps": 9, "width": 24, "height": 16},
]
SUPER_STEPS, SUPER_GUIDANCE, SUPER_NOISE = 50, 4.0, 250
UPSCALER_STEPS, UPSCALER_GUIDANCE, UPSCALER_NOISE = 75, 9.0, 100


def network(config: dict, seed: int) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(**config), seed)
    source = generator(seed)
    labels = {"class_labels": torch.tensor([3, 300])} if config.get("class_embed_type") else {}
    answer = model(
        torch.randn([2, config["in_channels"], 8, 8], generator=source), torch.tensor([900.0, 90.0]),
        torch.randn([2, 9, T5_WIDTH], generator=source), **labels).sample
    scale_last(model.conv_out, answer, 0.1)  # guidance by 7 and the division by the least signal would multiply what fp32 rounds
    return model


def index(name: str, **more) -> dict:
    return {"_class_name": name, "_diffusers_version": "0.35.2", "feature_extractor": ["transformers", "CLIPImageProcessor"],
            "safety_checker": ["deepfloyd_if", "IFSafetyChecker"], "scheduler": ["diffusers", "DDPMScheduler"],
            "text_encoder": ["transformers", "T5EncoderModel"], "tokenizer": ["transformers", "T5Tokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"], "watermarker": ["deepfloyd_if", "IFWatermarker"], **more}


def checkpoint() -> None:
    words = T5TokenizerFast.from_pretrained(OUT / "t5/tokenizer", legacy=True)
    t5.encoder(len(words), 701, T5_WIDTH).half().save_pretrained(HOME / "text_encoder")
    network(UNET, 702).half().save_pretrained(HOME / "base/unet")
    network(SUPER, 703).half().save_pretrained(HOME / "super_resolution/unet")
    save_json(HOME / "base/model_index.json", index("IFPipeline"))
    save_json(HOME / "super_resolution/model_index.json", index(
        "IFSuperResolutionPipeline", image_noising_scheduler=["diffusers", "DDPMScheduler"]))
    for folder in ("base/scheduler", "super_resolution/scheduler"):
        save_json(HOME / folder / "scheduler_config.json", SCHEDULER)
    save_json(HOME / "super_resolution/image_noising_scheduler/scheduler_config.json", {"_class_name": "DDPMScheduler", **BETAS})
    Image.open(OUT / "images/photo.png").convert("RGB").resize((6, 4), Image.Resampling.BICUBIC).save(HOME / "small.png", optimize=True)


def pipeline(kind, folder: str, **more):
    pipe = kind(
        tokenizer=T5TokenizerFast.from_pretrained(OUT / "t5/tokenizer", legacy=True),
        text_encoder=t5.T5EncoderModel.from_pretrained(HOME / "text_encoder", torch_dtype=torch.float32),
        unet=UNet2DConditionModel.from_pretrained(HOME / folder / "unet", torch_dtype=torch.float32),
        scheduler=DDPMScheduler.from_pretrained(HOME / folder / "scheduler"),
        safety_checker=None, feature_extractor=None, watermarker=None, requires_safety_checker=False, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def upscaler(folder: Path):
    return beside.pipeline({"model": "upscale-x4", "sampler": "ddim"}, folder)


class Record:
    """The prompt's row of the first network call, and the trajectory, of a stage."""

    def __init__(self, pipe, stage: str):
        self.tensors, self.steps, self.stage = {}, [], stage
        self.forward, self.step = pipe.unet.forward, pipe.scheduler.step
        # Pipelines ask whether a step takes a generator.
        pipe.unet.forward, pipe.scheduler.step = self.called, functools.wraps(self.step)(lambda *args, **more: self.stepped(*args, **more))

    def called(self, sample, timestep, **inputs):
        answer = self.forward(sample, timestep, **inputs)
        if not self.tensors:
            self.tensors = {"sample": sample[-1:], "output": answer[0][-1:], "timestep": torch.as_tensor(timestep).float().reshape(1)}
        return answer

    def stepped(self, *args, **more):
        answer = self.step(*args, **more)
        self.steps.append((answer[0] if isinstance(answer, tuple) else answer.prev_sample).clone())
        return answer

    def all(self) -> dict:
        kept = sorted({0, len(self.steps) // 2, len(self.steps) - 1})
        return {f"{self.stage}/call/{key}": value for key, value in self.tensors.items()} | {
            f"{self.stage}/step {i}": self.steps[i] for i in kept}


def run(case: dict) -> tuple[dict, Image.Image]:
    last, found = case["layout"], {}
    text = {"prompt": case["prompt"], "negative_prompt": case["negative_prompt"]}
    image = Image.open(OUT / "images" / case["image"]).convert("RGB") if last == "super" else None
    factor = {"base": 1, "both": 4, "all": 16, "super": 1}[last]
    if last != "super":
        pipe = pipeline(IFPipeline, "base")
        states, negative = pipe.encode_prompt(**text, clean_caption=True)
        found = {"states": states[:, :KEPT], "negative_states": negative[:, :KEPT]}
        record = Record(pipe, "denoiser")
        image = pipe(**text, width=case["width"] // factor, height=case["height"] // factor, num_inference_steps=case["steps"],
                     guidance_scale=case["guidance_scale"], generator=generator(case["seed"]), output_type="pil" if last == "base" else "pt").images
        found |= record.all()
    if last != "base":
        pipe = pipeline(IFSuperResolutionPipeline, "super_resolution", image_noising_scheduler=DDPMScheduler.from_pretrained(
            HOME / "super_resolution/image_noising_scheduler"))
        alone = last == "super"
        record = Record(pipe, "upsampler")
        image = pipe(
            **text, image=image, width=case["width"] // (factor // 4 or 1), height=case["height"] // (factor // 4 or 1),
            num_inference_steps=case["steps"] if alone else SUPER_STEPS, guidance_scale=case["guidance_scale"] if alone else SUPER_GUIDANCE,
            noise_level=case["noise_level"] if alone else SUPER_NOISE, generator=generator(case["seed"]),
            output_type="pt" if last == "all" else "pil").images
        found |= record.all()
    if last == "all":
        with tempfile.TemporaryDirectory() as temporary:
            pipe = upscaler(Path(temporary))
            record = Record(pipe, "second-upsampler")
            image = pipe(**text, image=image, num_inference_steps=UPSCALER_STEPS, guidance_scale=UPSCALER_GUIDANCE, noise_level=UPSCALER_NOISE,
                         generator=generator(case["seed"])).images
            found |= record.all()
    assert image[0].size == (case["width"], case["height"]), image[0].size
    return found, image[0]


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
