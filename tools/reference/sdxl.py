"""SDXL with diffusers' own pipeline: text states, one network call, the trajectory and the picture, of a tiny random checkpoint."""

import shutil

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from checkpoints import randomize, scale_last, vae
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import save_picture

HOME = OUT / "sdxl"
WIDTHS = (16, 24)
PROJECTION = 20
TIME_WIDTH = 8

SCHEDULER = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "timestep_spacing": "leading", "steps_offset": 1, "interpolation_type": "linear", "use_karras_sigmas": False}

CASES = [
    {"name": "plain", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 5.0,
     "width": 64, "height": 48},
    {"name": "absent", "prompt": "an astronaut riding a horse", "negative_prompt": None, "guidance_scale": 7.0,
     "width": 48, "height": 48},
    {"name": "empty", "prompt": "an astronaut riding a horse", "negative_prompt": "", "guidance_scale": 7.0,
     "width": 48, "height": 48},
    {"name": "unguided", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "width": 48, "height": 64},
    {"name": "told", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 6.0,
     "width": 64, "height": 48, "clip_skip": 1, "guidance_rescale": 0.7, "original_size": [640, 480], "crop": [40, 16]},
]


def clip(kind, vocabulary: int, width: int, layers: int, activation: str, seed: int, projection: int = PROJECTION):
    model = kind(CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=4,
        max_position_embeddings=77, hidden_act=activation, bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
        pad_token_id=1, projection_dim=projection))
    return randomize(model, seed)


def unet(seed: int, projection: int = PROJECTION, **more) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(**{
        "sample_size": 8, "cross_attention_dim": sum(WIDTHS), "norm_num_groups": 4, "layers_per_block": 1,
        "block_out_channels": (8, 16, 16), "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 1, 2), "attention_head_dim": (2, 2, 4), "use_linear_projection": True,
        "addition_embed_type": "text_time", "addition_time_embed_dim": TIME_WIDTH,
        "projection_class_embeddings_input_dim": projection + 6 * TIME_WIDTH, **more}), seed)
    source = generator(seed)
    added = {"text_embeds": torch.randn([2, projection], generator=source), "time_ids": torch.tensor([[64.0, 48, 0, 0, 64, 48]] * 2)}
    answer = model(
        torch.randn([2, model.config.in_channels, 8, 8], generator=source), torch.tensor([900.0, 90.0]),
        torch.randn([2, 77, sum(WIDTHS)], generator=source), added_cond_kwargs=added).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def checkpoint(home=HOME, projection: int = PROJECTION) -> None:
    shutil.rmtree(home, ignore_errors=True)
    words = OUT / "checkpoints/sd1/tokenizer"
    first = CLIPTokenizer.from_pretrained(words)
    second = CLIPTokenizer.from_pretrained(words, pad_token="!")
    pipe = StableDiffusionXLPipeline(
        vae=vae(31, block_out_channels=(8, 8, 16), layers_per_block=1, scaling_factor=0.13025),
        text_encoder=clip(CLIPTextModel, len(first), WIDTHS[0], 2, "quick_gelu", 32),
        text_encoder_2=clip(CLIPTextModelWithProjection, len(second), WIDTHS[1], 3, "gelu", 33, projection),
        tokenizer=first, tokenizer_2=second, unet=unet(34, projection), scheduler=EulerDiscreteScheduler(**SCHEDULER),
        add_watermarker=False)
    pipe.save_pretrained(home)


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    pipe = StableDiffusionXLPipeline.from_pretrained(HOME, torch_dtype=torch.float32, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    guided = case["guidance_scale"] > 1
    states, negative, pooled, negative_pooled = pipe.encode_prompt(
        case["prompt"], negative_prompt=case["negative_prompt"], do_classifier_free_guidance=guided,
        clip_skip=case.get("clip_skip"))
    tensors = {"states": states, "text_embeds": pooled}
    if guided:
        tensors |= {"negative_states": negative, "negative_text_embeds": negative_pooled}
    calls, forward, steps = [], pipe.unet.forward, []

    def record(sample, timestep, **inputs):
        answer = forward(sample, timestep, **inputs)
        if not calls:
            added = inputs["added_cond_kwargs"]
            calls.append({"sample": sample, "timestep": timestep, "time_ids": added["time_ids"], "output": answer[0]})
        return answer

    pipe.unet.forward = record
    told = {key: case[key] for key in ("clip_skip", "guidance_rescale") if key in case}
    if "original_size" in case:
        # Ours are width and height, and left and top.
        told |= {"original_size": tuple(case["original_size"][::-1]), "crops_coords_top_left": tuple(case["crop"][::-1])}
    image = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], guidance_scale=case["guidance_scale"], width=case["width"],
        height=case["height"], num_inference_steps=case["steps"], generator=generator(case["seed"]), output_type="pt", **told,
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(kept["latents"]) or {}).images
    tensors |= {f"call/{key}": value for key, value in calls[0].items()}
    tensors["trajectory"] = torch.cat(steps)
    return tensors, image * 2 - 1


def require_empty_for_absent(tensors: dict) -> None:
    """A folder that forces no zeros reads the empty prompt where there is none: its states are those of the case "empty"."""
    pipe = StableDiffusionXLPipeline.from_pretrained(
        HOME, torch_dtype=torch.float32, add_watermarker=False, force_zeros_for_empty_prompt=False)
    _, negative, _, pooled = pipe.encode_prompt("an astronaut riding a horse", do_classifier_free_guidance=True)
    torch.testing.assert_close(negative, tensors["empty/negative_states"])
    torch.testing.assert_close(pooled, tensors["empty/negative_text_embeds"])


def main() -> None:
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        case = {**case, "seed": 7, "steps": 20}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / "pictures" / f"{case['name']}.png", image)
        cases.append(case)
    require_empty_for_absent(tensors)
    save_tensors(HOME / "pictures/io.safetensors", tensors)
    save_cases(HOME / "pictures/cases.json", cases)


if __name__ == "__main__":
    main()
