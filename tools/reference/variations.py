"""Pipelines that vary a picture, which CLIP sees: tiny random checkpoints, the embedding, one call, the trajectory and the picture."""

import functools
import shutil

import torch
from diffusers import (
    DDPMScheduler,
    PNDMScheduler,
    StableDiffusionImageVariationPipeline,
    StableUnCLIPImg2ImgPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from PIL import Image
from transformers import CLIPImageProcessor, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModelWithProjection

import checkpoints
from checkpoints import WIDTH, randomize, scale_last, snap, vae
from fixtures import OUT, generator, save_cases, save_tensors
from images import HOME as PICTURES
from pipeline import NEGATIVE, PROMPT, SEED
from published import SAMPLERS

HOME = OUT / "variations"
PLAIN, UNCLIP = HOME / "plain", HOME / "unclip"
EMBEDDING = 20  # of unCLIP's image encoder
SIDE = 24  # of what CLIP sees

# As Stable Diffusion 1.x has it.
PNDM = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
        "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}

CASES = [
    {"name": "plain-pndm", "checkpoint": "plain", "sampler": "pndm", "guidance_scale": 7.5},
    {"name": "plain-ancestral", "checkpoint": "plain", "sampler": "euler_ancestral", "guidance_scale": 3.0,
     "image": "bordered.png", "width": 48, "height": 80},
    {"name": "plain-unguided", "checkpoint": "plain", "sampler": "dpmpp_2m", "guidance_scale": 1.0,
     "image": "mask.png"},
    {"name": "unclip-prompt", "checkpoint": "unclip", "sampler": "pndm", "guidance_scale": 10.0, "prompt": PROMPT,
     "negative_prompt": NEGATIVE, "noise_level": 0},
    {"name": "unclip-bare", "checkpoint": "unclip", "sampler": "euler_ancestral", "guidance_scale": 5.0, "noise_level": 300,
     "width": 48, "height": 80},
    {"name": "unclip-unguided", "checkpoint": "unclip", "sampler": "ddim", "guidance_scale": 1.0, "prompt": PROMPT,
     "noise_level": 999, "image": "mask.png"},
]


def vision(projection: int, activation: str, seed: int) -> CLIPVisionModelWithProjection:
    return randomize(CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=SIDE, patch_size=8,
        projection_dim=projection, hidden_act=activation)), seed)


def unet(seed: int, classes=None, **config) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(
        sample_size=16, cross_attention_dim=WIDTH, norm_num_groups=4, layers_per_block=1, block_out_channels=(8, 16),
        attention_head_dim=2, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **config), seed)
    source = generator(seed)
    labels = None if classes is None else torch.randn([2, classes], generator=source)
    answer = model(
        torch.randn([2, 4, 16, 16], generator=source), torch.tensor([900.0, 90.0]),
        torch.randn([2, 1, WIDTH], generator=source), class_labels=labels).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def save(pipe, home) -> None:
    for part in (pipe.unet, pipe.vae):
        part.half()
    shutil.rmtree(home, ignore_errors=True)
    pipe.save_pretrained(home)


def plain() -> None:
    """As Lambda's variations of Stable Diffusion 1.x: the network attends to the picture's embedding alone."""
    save(StableDiffusionImageVariationPipeline(
        vae=vae(71, block_out_channels=(8, 8, 16), layers_per_block=1, scaling_factor=0.18215),
        image_encoder=vision(WIDTH, "quick_gelu", 72), unet=unet(73), scheduler=PNDMScheduler(**PNDM), safety_checker=None,
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        requires_safety_checker=False), PLAIN)


def unclip() -> None:
    """As Stable Diffusion 2.1 unCLIP: text, and the picture's embedding beside the timestep."""
    normalizer = StableUnCLIPImageNormalizer(EMBEDDING)
    source = generator(81)
    normalizer.mean.copy_(snap(0.3 * torch.randn([1, EMBEDDING], generator=source)))
    normalizer.std.copy_(snap(0.5 + torch.rand([1, EMBEDDING], generator=source)))
    words = CLIPTokenizer.from_pretrained(OUT / "checkpoints/sd2/tokenizer")
    save(StableUnCLIPImg2ImgPipeline(
        feature_extractor=CLIPImageProcessor(
            size={"shortest_edge": 30}, crop_size={"height": SIDE, "width": SIDE}, image_mean=[0.5, 0.4, 0.45],
            image_std=[0.25, 0.3, 0.2]),
        image_encoder=vision(EMBEDDING, "gelu", 82), image_normalizer=normalizer,
        image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"), tokenizer=words,
        text_encoder=checkpoints.clip(len(words), "gelu", 83),
        unet=unet(84, 2 * EMBEDDING, class_embed_type="projection", projection_class_embeddings_input_dim=2 * EMBEDDING),
        scheduler=PNDMScheduler(**PNDM, prediction_type="v_prediction"),
        vae=vae(85, block_out_channels=(8, 8, 16), layers_per_block=1, scaling_factor=0.18215)), UNCLIP)


def pipeline(case: dict):
    kind = StableDiffusionImageVariationPipeline if case["checkpoint"] == "plain" else StableUnCLIPImg2ImgPipeline
    pipe = kind.from_pretrained(HOME / case["checkpoint"], torch_dtype=torch.float32)
    scheduler, keys = SAMPLERS[case["sampler"]]
    pipe.scheduler = scheduler.from_pretrained(HOME / case["checkpoint"], subfolder="scheduler", **keys)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def inputs(case: dict) -> dict:
    sized = {"width": case["width"], "height": case["height"], "guidance_scale": case["guidance_scale"]}
    if case["checkpoint"] == "plain":
        return sized
    return {**sized, "prompt": case["prompt"], "negative_prompt": case["negative_prompt"], "noise_level": case["noise_level"]}


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = pipeline(case)
    photo = Image.open(PICTURES / case["image"])
    calls, forward, steps, step = [], pipe.unet.forward, [], pipe.scheduler.step

    def call(sample, timestep, encoder_hidden_states, class_labels=None, **inputs):
        answer = forward(sample, timestep, encoder_hidden_states, class_labels=class_labels, **inputs)
        if not calls:
            calls.append({"sample": sample, "timestep": torch.as_tensor(timestep).float(), "states": encoder_hidden_states, "output": answer[0]})
            if class_labels is not None:
                calls[0]["labels"] = class_labels
        return answer

    @functools.wraps(step)  # the pipeline looks whether it takes a generator
    def record(*args, **kwargs):
        answer = step(*args, **kwargs)
        steps.append(answer[0])
        return answer

    pipe.unet.forward, pipe.scheduler.step = call, record
    pixels = pipe.feature_extractor(images=photo, return_tensors="pt").pixel_values
    embeds = pipe.image_encoder(pixels).image_embeds
    image = pipe(photo, num_inference_steps=case["steps"], generator=generator(SEED), **inputs(case)).images[0]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    return {"image_embeds": embeds, **{f"call/{key}": value for key, value in calls[0].items()},
            **{f"step {number}": steps[number] for number in case["recorded"]}}, image


def main() -> None:
    plain()
    unclip()
    tensors, cases = {}, []
    for case in CASES:
        case = {"image": "photo.png", "width": 64, "height": 64, "prompt": None, "negative_prompt": None, "noise_level": None,
                "seed": SEED, "steps": 20, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
