"""Prompt to picture with diffusers' own parts, in a plain loop that equals StableDiffusionPipeline's."""

import json

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from PIL import Image
from transformers import BertModel, BertTokenizerFast, CLIPTextModel, CLIPTokenizerFast

from fixtures import OUT, generator, int64, save_cases, save_tensors
from samplers import scheduler_for
from tokenizers_tiny import encode

PROMPT, NEGATIVE, SEED = "a red apple on a green hill", "blurry, dark", 7
CASES = [
    {"name": f"{checkpoint}-{sampler}", "checkpoint": checkpoint, "sampler": sampler, "latent": latent, "guidance_scale": guidance}
    for checkpoint, latent, guidance, samplers in (
        ("sd1", [8, 12], 7.5, ("ddim", "euler")),
        ("sd2", [16, 16], 5.0, ("ddim", "dpmpp_2m")),
        ("default", [8, 8], 4.0, ("ddim", "euler_a")))
    for sampler in samplers
]
CASCADES = [
    {"name": f"cascade-{sampler}", "checkpoint": "default", "sampler": sampler, "latent": [8, 8], "guidance_scale": 4.0,
     "upsampler": {"sampler": sampler, "steps": 8, "guidance_scale": guidance, "noise_level": level}}
    for sampler, guidance, level in (("ddim", 4.0, 20), ("euler_a", 1.0, 150))
]


class Parts:
    """The components of a checkpoint's folder, in fp32."""

    def __init__(self, folder):
        self.folder = folder
        if (folder / "tokenizer/tokenizer.json").exists():
            length = json.loads((folder / "tokenizer/tokenizer_config.json").read_text())["model_max_length"]
            self.tokenizer = BertTokenizerFast(
                tokenizer_file=str(folder / "tokenizer/tokenizer.json"), model_max_length=length)
            self.encoder = BertModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        else:
            self.tokenizer = CLIPTokenizerFast.from_pretrained(folder / "tokenizer")
            self.encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
        self.vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32)

    def states(self, prompt):
        return self.encoder(int64([encode(self.tokenizer, prompt)])).last_hidden_state

    def decode(self, latents):
        return self.vae.decode(latents / self.vae.config.scaling_factor).sample


def scheduler_in(folder, sampler):
    return scheduler_for(sampler, json.loads((folder / "scheduler/scheduler_config.json").read_text()))


def denoise(unet, scheduler, sampler, steps, contexts, guidance, shape, source, low=None, level=None):
    """(initial latents, final latents); contexts are (prompt, negative prompt), low and level a cascade's condition."""
    options = {} if sampler == "dpmpp_2m" else {"generator": source}
    labels = None if level is None else int64([level])
    scheduler.set_timesteps(steps)
    initial = latents = torch.randn(shape, generator=source) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(latents, timestep)
        if low is not None:
            scaled = torch.cat([scaled, low], dim=1)
        output = unet(scaled, timestep, contexts[0], class_labels=labels).sample
        if guidance > 1:
            without = unet(scaled, timestep, contexts[1], class_labels=labels).sample
            output = without + guidance * (output - without)
        latents = scheduler.step(output, timestep, latents, **options).prev_sample
    return initial, latents


def upsample(parts, case, base, contexts):
    """The cascade's second stage, with a generator of its own: augmentation noise, initial latents, steps' noise."""
    home, stage, source = parts.folder / "upsampler", case["upsampler"], generator(case["seed"])
    unet = UNet2DConditionModel.from_pretrained(home / "unet", torch_dtype=torch.float32)
    scheduler = scheduler_in(home, stage["sampler"])
    low = torch.nn.functional.interpolate(base, scale_factor=2, mode="bilinear", align_corners=False)
    noise = torch.randn(low.shape, generator=source)
    schedule = scheduler_in(home, "ddpm")  # add_noise of the Euler family takes its own steps' timesteps only
    low = schedule.add_noise(low, noise, int64([stage["noise_level"]]))
    initial, latents = denoise(unet, scheduler, stage["sampler"], stage["steps"], contexts, stage["guidance_scale"],
                               low.shape, source, low, stage["noise_level"])
    return {"low": low, "initial_high": initial, "latents": latents}


def run(parts, case):
    """Everything on the way of one picture, by name."""
    contexts = [parts.states(case["prompt"]), parts.states(case["negative_prompt"])]
    initial, latents = denoise(
        parts.unet, scheduler_in(parts.folder, case["sampler"]), case["sampler"], case["steps"], contexts,
        case["guidance_scale"], [1, 4, *case["latent"]], generator(case["seed"]))
    tensors = {"initial": initial, "latents": latents}
    if "upsampler" in case:
        tensors = {"initial": initial, "base": latents, **upsample(parts, case, latents, contexts)}
    return tensors, parts.decode(tensors["latents"])


def save_picture(path, image):
    """[1, 3, height, width] of -1..1 as diffusers' image processor rounds it."""
    pixels = ((image / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255).round().astype("uint8")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, optimize=True)


def main() -> None:
    tensors, cases = {}, []
    for case in CASES + CASCADES:
        case = {**case, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 20}
        found, image = run(Parts(OUT / "checkpoints" / case["checkpoint"]), case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(OUT / "pipeline" / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(OUT / "pipeline/pipeline.safetensors", tensors)
    save_cases(OUT / "pipeline/pipeline.json", cases)


if __name__ == "__main__":
    main()
