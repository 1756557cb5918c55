"""Latent diffusion with diffusers' own pipelines: text to image, and super-resolution. Text states, one network call, the trajectory and the picture.

Tiny random checkpoints. The configurations of text to image have the keys and the version of the published folder (diffusers 0.0.4).
"""

import functools
import json
import random
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import DDIMScheduler, LDMSuperResolutionPipeline, LDMTextToImagePipeline, UNet2DConditionModel, VQModel
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel
from PIL import Image
from transformers import BertTokenizer

import pixel
import token_ids
from checkpoints import randomize, scale_last, vae
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from published import SAMPLERS

HOME = OUT / "ldm"
WIDTH, KEPT, LENGTH = 16, 9, 77
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
OLD = {
    "unet": {"_diffusers_version": "0.0.4"},
    "scheduler": {"_class_name": "DDIMScheduler", "_diffusers_version": "0.0.4", **BETAS, "clip_sample": False, "num_train_timesteps": 1000,
                  "timestep_values": None, "trained_betas": None},
}

CASES = [
    {"name": "guided", "prompt": "A red Apple on a green hill", "guidance_scale": 6.0, "steps": 20, "width": 48, "height": 32},
    {"name": "negative", "prompt": "two cats", "negative_prompt": "a fox, jumping", "guidance_scale": 3.0, "steps": 8, "width": 32, "height": 32},
    {"name": "plain", "prompt": "The dogs, doggy & cat's café! 日 " * 9, "guidance_scale": 1.0, "steps": 9, "width": 32, "height": 48},
    {"name": "codes", "over": "codes", "prompt": "a blue house", "guidance_scale": 2.0, "steps": 5, "width": 32, "height": 32},
    {"name": "larger", "model": "super-resolution", "sampler": "ddim", "steps": 20},
    {"name": "larger-euler", "model": "super-resolution", "sampler": "euler", "steps": 8},
]


def tokenizer() -> BertTokenizer:
    """The slow class, with the words of checkpoints/default."""
    words = json.loads((OUT / "checkpoints/default/tokenizer/tokenizer.json").read_text())["model"]["vocab"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.txt"
        file.write_text("".join(word + "\n" for word in sorted(words, key=words.get)))
        return BertTokenizer(file)


def text_to_image() -> None:
    words = tokenizer()
    bert = randomize(LDMBertModel(LDMBertConfig(
        vocab_size=len(words), d_model=WIDTH, encoder_layers=2, encoder_ffn_dim=24, encoder_attention_heads=2, head_dim=6,
        max_position_embeddings=LENGTH)), 711)
    unet = randomize(UNet2DConditionModel(
        sample_size=8, cross_attention_dim=WIDTH, norm_num_groups=4, layers_per_block=1, block_out_channels=(8, 16), attention_head_dim=(1, 2),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")), 712)
    source = generator(712)
    answer = unet(torch.randn([2, 4, 8, 8], generator=source), torch.tensor([900.0, 90.0]), torch.randn([2, 9, WIDTH], generator=source)).sample
    scale_last(unet.conv_out, answer, 1.0)
    home = HOME / "text2im"
    LDMTextToImagePipeline(
        vqvae=vae(713, block_out_channels=(4, 8, 8, 8), layers_per_block=1, scaling_factor=0.18215).half(), bert=bert.half(), tokenizer=words,
        unet=unet.half(), scheduler=DDIMScheduler(**BETAS)).save_pretrained(home)
    for part, keys in OLD.items():
        file = home / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
        save_json(file, keys if part == "scheduler" else {**json.loads(file.read_text()), **keys})
    codes = randomize(VQModel(
        block_out_channels=[4, 8, 8, 8], down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4, latent_channels=4,
        num_vq_embeddings=24, sample_size=64, norm_num_groups=4), 714)
    latents = torch.randn([2, 4, 8, 8], generator=generator(714))
    scale_last(codes.decoder.conv_out, codes.decode(latents / codes.config.scaling_factor).sample, 0.5)
    codes.half().save_pretrained(HOME / "codes/vqvae")
    index = json.loads((home / "model_index.json").read_text())
    save_json(HOME / "codes/model_index.json", {**index, "vqvae": ["diffusers", "VQModel"]})


def super_resolution() -> None:
    """Its picture's sides fit no network."""
    Image.open(OUT / "images/photo.png").convert("RGB").resize((45, 39), Image.Resampling.BICUBIC).save(HOME / "small.png", optimize=True)
    LDMSuperResolutionPipeline(
        vqvae=pixel.vqvae(721).half(), unet=pixel.unet(722, in_channels=6).half(),
        scheduler=DDIMScheduler(beta_start=0.0015, beta_end=0.0155, beta_schedule="scaled_linear", clip_sample=False)).save_pretrained(HOME / "super-resolution")


def ids() -> None:
    words, source = tokenizer(), random.Random(11)
    strings = token_ids.STRINGS + [token_ids.random_string(source) for _ in range(40)]
    save_cases(HOME / "token_ids.json", [
        {"text": text, "ids": words(text, truncation=True, max_length=LENGTH).input_ids} for text in strings])


def open_pipeline(case: dict, home: Path):
    shutil.copytree(HOME / case["model"], home, dirs_exist_ok=True)
    if case["over"]:
        shutil.copytree(HOME / case["over"], home, dirs_exist_ok=True)
    kind = LDMTextToImagePipeline if case["model"] == "text2im" else LDMSuperResolutionPipeline
    pipe = kind.from_pretrained(home, torch_dtype=torch.float32)
    if case["sampler"]:
        scheduler, keys = SAMPLERS[case["sampler"]]
        pipe.scheduler = scheduler.from_pretrained(home, subfolder="scheduler", **keys)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def inputs(case: dict, pipe) -> dict:
    if case["model"] == "super-resolution":
        return {"image": Image.open(HOME / "small.png")}
    if case["negative_prompt"]:
        # The pipeline guides away from the empty prompt; here from another one.
        words = pipe.tokenizer
        pipe.register_modules(tokenizer=lambda texts, **more: words([text or case["negative_prompt"] for text in texts], **more))
    return {"prompt": [case["prompt"]], "guidance_scale": case["guidance_scale"], "width": case["width"], "height": case["height"]}


def run(case: dict) -> tuple[dict, Image.Image]:
    with tempfile.TemporaryDirectory() as temporary:
        pipe = open_pipeline(case, Path(temporary))
        given = inputs(case, pipe)
        tensors, steps, forward, step, scale = {}, [], pipe.unet.forward, pipe.scheduler.step, pipe.scheduler.scale_model_input

        def scaled(sample, timestep):
            tensors.setdefault("start", sample[:, :3].clone())
            return scale(sample, timestep)

        def called(sample, timestep, **more):
            answer = forward(sample, timestep, **more)
            if "call/output" not in tensors:
                tensors.setdefault("start", sample[-1:].clone())
                tensors.update({"call/sample": sample[-1:].clone(), "call/output": answer.sample[-1:].clone(),
                                "call/timestep": torch.as_tensor(timestep).float().reshape(1)})
                states = more.get("encoder_hidden_states")
                if states is not None:
                    tensors["states"] = states[-1, :KEPT]
                    if len(states) > 1:
                        tensors["negative_states"] = states[0, :KEPT]
            return answer

        @functools.wraps(step)
        def stepped(*args, **more):
            answer = step(*args, **more)
            steps.append(answer.prev_sample.clone())
            return answer

        pipe.unet.forward, pipe.scheduler.step, pipe.scheduler.scale_model_input = called, stepped, scaled
        image = pipe(num_inference_steps=case["steps"], generator=generator(case["seed"]), **given).images[0]
    case["width"], case["height"] = image.size
    case["recorded"] = sorted({0, len(steps) - 1})
    return tensors | {f"step {i}": steps[i] for i in case["recorded"]}, image


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    text_to_image()
    super_resolution()
    ids()
    tensors, cases = {}, []
    for case in CASES:
        case = {"model": "text2im", "over": None, "sampler": None, "workflow": "text_to_image", "negative_prompt": "", "guidance_scale": 1.0, "seed": 7, **case}
        if case["model"] == "super-resolution":
            case |= {"workflow": "upscaling", "image": "../ldm/small.png"}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
