"""SDXL's base and refiner with diffusers' own pipelines, each doing its part of the schedule, of tiny random checkpoints.

The refiner reads the base's second text encoder, as in diffusers' guide, and so only its network and its schedule are saved.
"""

import shutil

import sdxl
import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)

from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import save_picture
from sdxl import TIME_WIDTH, WIDTHS

HOME = OUT / "sdxl_refiner"
REFINER = HOME / "refiner"
PROJECTION = WIDTHS[1]  # as published: the pooled state is as wide as the states

CASES = [
    {"name": "plain", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 5.0,
     "width": 64, "height": 48, "refiner_start": 0.8, "sampler": "euler"},
    {"name": "absent", "prompt": "an astronaut riding a horse", "negative_prompt": None, "guidance_scale": 7.0,
     "width": 48, "height": 48, "refiner_start": 0.6, "sampler": "euler"},
    {"name": "ancestral", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "width": 48, "height": 64,
     "refiner_start": 0.7, "sampler": "euler_ancestral"},
]
SAMPLERS = {"euler": EulerDiscreteScheduler, "euler_ancestral": EulerAncestralDiscreteScheduler}


def unet(seed: int) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(
        sample_size=8, cross_attention_dim=WIDTHS[1], norm_num_groups=4, layers_per_block=1, block_out_channels=(8, 16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 1), attention_head_dim=(2, 2, 4), use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=PROJECTION + 5 * TIME_WIDTH), seed)
    source = generator(seed)
    added = {"text_embeds": torch.randn([2, PROJECTION], generator=source), "time_ids": torch.tensor([[64.0, 48, 0, 0, 6]] * 2)}
    answer = model(
        torch.randn([2, 4, 8, 8], generator=source), torch.tensor([200.0, 20.0]),
        torch.randn([2, 77, WIDTHS[1]], generator=source), added_cond_kwargs=added).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def checkpoint() -> None:
    """A base, and in its folder the parts of a published refiner that differ from the base's."""
    sdxl.checkpoint(HOME, PROJECTION)
    unet(44).save_pretrained(REFINER / "unet")
    shutil.copytree(HOME / "scheduler", REFINER / "scheduler")
    save_json(REFINER / "model_index.json", {
        "_class_name": "StableDiffusionXLImg2ImgPipeline", "_diffusers_version": "0.35.2",
        "force_zeros_for_empty_prompt": False, "requires_aesthetics_score": True,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"], "text_encoder": [None, None],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"], "tokenizer": [None, None],
        "tokenizer_2": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"]})


def pipelines(sampler: str):
    base = StableDiffusionXLPipeline.from_pretrained(HOME, torch_dtype=torch.float32, add_watermarker=False)
    base.scheduler = SAMPLERS[sampler].from_pretrained(HOME / "scheduler")
    refiner = StableDiffusionXLImg2ImgPipeline(
        vae=base.vae, text_encoder=None, text_encoder_2=base.text_encoder_2, tokenizer=None, tokenizer_2=base.tokenizer_2,
        unet=UNet2DConditionModel.from_pretrained(REFINER / "unet"),
        scheduler=SAMPLERS[sampler].from_pretrained(REFINER / "scheduler"),
        requires_aesthetics_score=True, force_zeros_for_empty_prompt=False, add_watermarker=False)
    for pipe in (base, refiner):
        pipe.set_progress_bar_config(disable=True)
    return base, refiner


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    base, refiner = pipelines(case["sampler"])
    guided = case["guidance_scale"] > 1
    calls, forward, steps = [], refiner.unet.forward, {"base": [], "refiner": []}

    def record(sample, timestep, **inputs):
        answer = forward(sample, timestep, **inputs)
        if not calls:
            added = inputs["added_cond_kwargs"]
            calls.append({
                "sample": sample, "timestep": timestep, "time_ids": added["time_ids"], "text_embeds": added["text_embeds"],
                "states": inputs["encoder_hidden_states"], "output": answer[0]})
        return answer

    def keep(part):
        return lambda pipe, step, timestep, kept: steps[part].append(kept["latents"]) or {}

    refiner.unet.forward = record
    options = {"negative_prompt": case["negative_prompt"], "guidance_scale": case["guidance_scale"],
               "num_inference_steps": case["steps"]}
    latent = base(
        case["prompt"], width=case["width"], height=case["height"], denoising_end=case["refiner_start"], output_type="latent",
        generator=generator(case["seed"]), callback_on_step_end=keep("base"), **options).images
    image = refiner(
        case["prompt"], image=latent, denoising_start=case["refiner_start"], output_type="pt",
        generator=generator(case["seed"]), callback_on_step_end=keep("refiner"), **options).images
    assert len(steps["base"]) + len(steps["refiner"]) == case["steps"], {k: len(v) for k, v in steps.items()}
    tensors = {f"call/{key}": value for key, value in calls[0].items()}
    assert tensors["call/states"].shape[0] == (2 if guided else 1)
    tensors |= {f"{part}/trajectory": torch.cat(latents) for part, latents in steps.items()}
    return tensors, image * 2 - 1


def main() -> None:
    torch.set_grad_enabled(False)
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        case = {**case, "seed": 7, "steps": 20}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / "pictures" / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "pictures/io.safetensors", tensors)
    save_cases(HOME / "pictures/cases.json", cases)


if __name__ == "__main__":
    main()
