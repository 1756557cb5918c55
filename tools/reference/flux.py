"""Flux.1 with diffusers' own pipelines, schnell and dev: text states, one network call, the trajectory and the picture. Tiny random checkpoints."""

import shutil

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxImg2ImgPipeline,
    FluxInpaintPipeline,
    FluxPipeline,
    FluxTransformer2DModel,
)
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

import t5
from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import save_picture
from sdxl import clip

HOME = OUT / "flux"
CLIP_WIDTH, T5_WIDTH = 8, 24
KEPT = 12  # of the states of 512 tokens

SCHEDULERS = {
    "schnell": {"shift": 1.0, "use_dynamic_shifting": False, "base_shift": 0.5, "max_shift": 1.15},
    "dev": {"shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256, "max_image_seq_len": 4096},
}

CASES = [
    {"name": "schnell", "checkpoint": "schnell", "prompt": "a red apple on a green hill", "guidance_scale": 1.0, "width": 48, "height": 32, "steps": 4},
    {"name": "dev", "checkpoint": "dev", "prompt": "an astronaut riding a horse", "guidance_scale": 3.5, "width": 48, "height": 32, "steps": 20},
    {"name": "other", "checkpoint": "dev", "prompt": "", "guidance_scale": 6.0, "width": 32, "height": 48, "steps": 7},
    {"name": "image", "checkpoint": "dev", "prompt": "a red apple", "guidance_scale": 3.5, "width": 48, "height": 32, "steps": 7, "strength": 0.6,
     "image": "photo.png"},
    {"name": "image-fast", "checkpoint": "schnell", "prompt": "a red apple", "guidance_scale": 1.0, "width": 32, "height": 32, "steps": 4,
     "strength": 0.9, "image": "photo.png"},
    {"name": "painted", "checkpoint": "dev", "prompt": "a red apple", "guidance_scale": 3.5, "width": 48, "height": 32, "steps": 5, "strength": 0.85,
     "image": "photo.png", "mask": "mask.png"},
    {"name": "painted-whole", "checkpoint": "schnell", "prompt": "a red apple", "guidance_scale": 1.0, "width": 48, "height": 32, "steps": 4,
     "strength": 1.0, "image": "photo.png", "mask": "mask.png"},
]
PIPELINES = {"text_to_image": FluxPipeline, "image_to_image": FluxImg2ImgPipeline, "inpainting": FluxInpaintPipeline}


def workflow(case: dict) -> str:
    return "inpainting" if "mask" in case else "image_to_image" if "image" in case else "text_to_image"


def pictures(case: dict) -> dict:
    """What a pipeline is asked beside the prompt."""
    if "image" not in case:
        return {}
    mask = {"mask_image": Image.open(OUT / "images" / case["mask"])} if "mask" in case else {}
    return {"image": Image.open(OUT / "images" / case["image"]).convert("RGB"), "strength": case["strength"], **mask}


def wide_vae(seed: int) -> AutoencoderKL:
    """With 16 channels and a shift."""
    model = AutoencoderKL(
        norm_num_groups=4, latent_channels=16, sample_size=32, block_out_channels=(4, 8, 8), layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3, scaling_factor=0.3611, shift_factor=0.1159,
        use_quant_conv=False, use_post_quant_conv=False)
    randomize(model, seed)
    latents = torch.randn([2, 16, 8, 8], generator=generator(seed))
    scale_last(model.decoder.conv_out, model.decode(latents / 0.3611 + 0.1159).sample, 0.5)
    return model


def transformer(seed: int, guided: bool) -> FluxTransformer2DModel:
    model = randomize(FluxTransformer2DModel(
        in_channels=64, num_layers=1, num_single_layers=2, attention_head_dim=8, num_attention_heads=2, joint_attention_dim=T5_WIDTH,
        pooled_projection_dim=CLIP_WIDTH, guidance_embeds=guided, axes_dims_rope=(2, 2, 4)), seed)
    source = generator(seed)
    ids = torch.cartesian_prod(torch.zeros(1), torch.arange(4.0), torch.arange(4.0))
    answer = model(
        torch.randn([2, 16, 64], generator=source), torch.randn([2, 9, T5_WIDTH], generator=source),
        torch.randn([2, CLIP_WIDTH], generator=source), torch.tensor([0.9, 0.1]), ids, torch.zeros(9, 3),
        torch.tensor([3.5, 3.5]) if guided else None).sample
    scale_last(model.proj_out, answer, 1.0)
    return model


def checkpoint(name: str, seed: int) -> None:
    first = CLIPTokenizer.from_pretrained(OUT / "checkpoints/sd1/tokenizer")
    _, second = t5.words()
    encoders = [clip(CLIPTextModel, len(first), CLIP_WIDTH, 2, "quick_gelu", seed), t5.encoder(len(second), seed + 1, T5_WIDTH)]
    pipe = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(**SCHEDULERS[name]), vae=wide_vae(seed + 2).half(), text_encoder=encoders[0].half(), tokenizer=first,
        text_encoder_2=encoders[1].half(), tokenizer_2=second, transformer=transformer(seed + 3, name == "dev").half())
    pipe.save_pretrained(HOME / name)
    save_json(HOME / name / "weir.json", {"native_size": 64})


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    pipe = PIPELINES[case["workflow"]].from_pretrained(HOME / case["checkpoint"], torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    states, pooled, _ = pipe.encode_prompt(case["prompt"])
    tensors, forward, steps = {"states": states[:, :KEPT], "pooled": pooled}, pipe.transformer.forward, []

    def record(**inputs):
        answer = forward(**inputs)
        if "call/output" not in tensors:
            tensors.update({
                f"call/{key}": pipe._unpack_latents(value, case["height"], case["width"], pipe.vae_scale_factor)
                for key, value in (("sample", inputs["hidden_states"]), ("output", answer[0]))})
            tensors["call/timestep"] = inputs["timestep"] * 1000
        return answer

    def step(pipe, number, timestep, kept):
        steps.append(pipe._unpack_latents(kept["latents"], case["height"], case["width"], pipe.vae_scale_factor))
        return {}

    pipe.transformer.forward = record
    image = pipe(
        case["prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"], num_inference_steps=case["steps"],
        generator=generator(case["seed"]), output_type="pt", callback_on_step_end=step, **pictures(case)).images
    case |= {"calls": len(steps), "recorded": sorted({0, len(steps) - 1})}
    return tensors | {f"step {number}": steps[number] for number in case["recorded"]}, image * 2 - 1


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    checkpoint("schnell", 610)
    checkpoint("dev", 620)
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": workflow(case), "negative_prompt": None, **case, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
