"""Stable Diffusion 3 and 3.5 with diffusers' own pipelines: text states, one network call, the trajectory and the picture. Tiny random checkpoints."""

import shutil

import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Img2ImgPipeline,
    StableDiffusion3InpaintPipeline,
    StableDiffusion3Pipeline,
)
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

import t5
from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from flux import pictures, wide_vae, workflow
from pipeline import save_picture
from sdxl import clip

HOME = OUT / "sd3"
CLIP_WIDTHS, T5_WIDTH, PROJECTIONS = (8, 12), 24, (6, 10)
KEPT = 85  # of the states of 333 tokens

CASES = [
    {"name": "three", "checkpoint": "sd3", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 5.0,
     "width": 48, "height": 32, "steps": 20},
    {"name": "medium", "checkpoint": "sd35", "prompt": "an astronaut riding a horse", "negative_prompt": None, "guidance_scale": 7.0,
     "width": 32, "height": 48, "steps": 12},
    {"name": "unguided", "checkpoint": "sd35", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "width": 32, "height": 32, "steps": 5},
    {"name": "image", "checkpoint": "sd35", "prompt": "a red apple", "negative_prompt": "blurry", "guidance_scale": 5.0, "width": 48, "height": 32,
     "steps": 7, "strength": 0.6, "image": "photo.png"},
    {"name": "painted", "checkpoint": "sd3", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 5.0, "width": 48, "height": 32,
     "steps": 6, "strength": 0.7, "image": "photo.png", "mask": "mask.png"},
    {"name": "painted-whole", "checkpoint": "sd35", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "width": 32, "height": 32,
     "steps": 4, "strength": 1.0, "image": "photo.png", "mask": "mask.png"},
]
PIPELINES = {
    "text_to_image": StableDiffusion3Pipeline, "image_to_image": StableDiffusion3Img2ImgPipeline, "inpainting": StableDiffusion3InpaintPipeline}


def transformer(seed: int, **more) -> SD3Transformer2DModel:
    model = randomize(SD3Transformer2DModel(
        sample_size=16, num_layers=3, attention_head_dim=6, num_attention_heads=2, joint_attention_dim=T5_WIDTH, caption_projection_dim=12,
        pooled_projection_dim=sum(PROJECTIONS), pos_embed_max_size=12, **more), seed)
    model.pos_embed.pos_embed.copy_(snap(model.pos_embed.pos_embed))
    source = generator(seed)
    answer = model(
        torch.randn([2, 16, 8, 8], generator=source), torch.randn([2, 9, T5_WIDTH], generator=source),
        torch.randn([2, sum(PROJECTIONS)], generator=source), torch.tensor([900.0, 90.0])).sample
    scale_last(model.proj_out, answer, 1.0)
    return model


def checkpoint(name: str, seed: int, with_t5: bool, **more) -> None:
    words = OUT / "checkpoints/sd1/tokenizer"
    first, second = CLIPTokenizer.from_pretrained(words), CLIPTokenizer.from_pretrained(words, pad_token="!")
    third = t5.words()[1] if with_t5 else None
    pipe = StableDiffusion3Pipeline(
        transformer=transformer(seed, **more).half(), scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=wide_vae(seed + 1).half(),
        text_encoder=clip(CLIPTextModelWithProjection, len(first), CLIP_WIDTHS[0], 2, "quick_gelu", seed + 2, PROJECTIONS[0]).half(), tokenizer=first,
        text_encoder_2=clip(CLIPTextModelWithProjection, len(second), CLIP_WIDTHS[1], 3, "gelu", seed + 3, PROJECTIONS[1]).half(), tokenizer_2=second,
        text_encoder_3=t5.encoder(len(third), seed + 4, T5_WIDTH).half() if with_t5 else None, tokenizer_3=third)
    pipe.save_pretrained(HOME / name)
    save_json(HOME / name / "weir.json", {"native_size": 64})


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    without = {} if (HOME / case["checkpoint"] / "text_encoder_3").exists() else {"text_encoder_3": None, "tokenizer_3": None}
    pipe = PIPELINES[case["workflow"]].from_pretrained(HOME / case["checkpoint"], torch_dtype=torch.float32, **without)
    pipe.set_progress_bar_config(disable=True)
    guided = case["guidance_scale"] > 1
    states, negative, pooled, negative_pooled = pipe.encode_prompt(
        case["prompt"], None, None, negative_prompt=case["negative_prompt"], do_classifier_free_guidance=guided)
    tensors = {"states": states[:, :KEPT], "pooled": pooled}
    if guided:
        tensors |= {"negative_states": negative[:, :KEPT], "negative_pooled": negative_pooled}
    forward, steps = pipe.transformer.forward, []

    def record(**inputs):
        answer = forward(**inputs)
        if "call/output" not in tensors:
            tensors.update({"call/sample": inputs["hidden_states"], "call/timestep": inputs["timestep"], "call/output": answer[0]})
        return answer

    pipe.transformer.forward = record
    latents = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"],
        num_inference_steps=case["steps"], generator=generator(case["seed"]), output_type="latent",
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(kept["latents"]) or {}, **pictures(case)).images
    case |= {"calls": len(steps), "recorded": sorted({0, len(steps) - 1})}
    # StableDiffusion3InpaintPipeline forgets shift_factor where it decodes, and the other two do not.
    image = pipe.vae.decode(latents / pipe.vae.config.scaling_factor + pipe.vae.config.shift_factor).sample
    return tensors | {f"step {number}": steps[number] for number in case["recorded"]}, image


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    checkpoint("sd3", 630, True)
    checkpoint("sd35", 640, False, dual_attention_layers=(0, 1), qk_norm="rms_norm")
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": workflow(case), **case, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
