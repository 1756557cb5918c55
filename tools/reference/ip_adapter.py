"""IP-Adapters, plain and Plus, in folders as those of h94/IP-Adapter: the tokens of pictures, a call, the trajectory, the picture.

Then of requests that have LoRAs and ControlNets beside the images: the trajectory and the picture.
"""

import shutil

import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLControlNetPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

import lora
from checkpoints import randomize, snap
from fixtures import OUT, generator, save_cases, save_tensors
from images import HOME as PICTURES
from pipeline import NEGATIVE, PROMPT, SEED

HOME = OUT / "ip_adapter"
BESIDE_HOME = OUT / "ip_adapter_beside"
SIDE, QUERIES, HIDDEN, DEPTH, HEADS = 24, 5, 16, 4, 1  # diffusers takes the depth and the heads' width of 64 for granted
TOKENS = 4

FAMILIES = {
    "sd1": (OUT / "checkpoints/sd1", StableDiffusionPipeline),
    "sdxl": (OUT / "sdxl", StableDiffusionXLPipeline),
}
STEERED = {"sd1": StableDiffusionControlNetPipeline, "sdxl": StableDiffusionXLControlNetPipeline}
KINDS = {"image_to_image": StableDiffusionImg2ImgPipeline, "inpainting": StableDiffusionInpaintPipeline}
PLAIN, PLUS = "ip-adapter_sd15", "ip-adapter-plus_sd15"
XL, XL_PLUS = "ip-adapter_sdxl", "ip-adapter-plus_sdxl_vit-h"
ENCODERS = {XL: "sdxl_models/image_encoder"}

CASES = [
    {"name": "none", "model": "sd1", "adapters": []},
    {"name": "plain", "model": "sd1", "adapters": [[PLAIN, ["photo.png"], 0.6]]},
    {"name": "two-images", "model": "sd1", "adapters": [[PLAIN, ["photo.png", "bordered.png"], 0.9]]},
    {"name": "plus", "model": "sd1", "adapters": [[PLUS, ["photo.png"], 1.0]]},
    {"name": "plus-two-images", "model": "sd1", "adapters": [[PLUS, ["bordered.png", "photo.png"], 0.7]]},
    {"name": "both", "model": "sd1", "adapters": [[PLAIN, ["bordered.png"], 0.5], [PLUS, ["photo.png"], 0.8]]},
    {"name": "unguided", "model": "sd1", "adapters": [[PLAIN, ["photo.png"], 0.8]], "guidance_scale": 1.0},
    {"name": "image", "model": "sd1", "adapters": [[PLAIN, ["bordered.png"], 0.8]], "workflow": "image_to_image", "image": "photo.png",
     "strength": 0.7, "width": 64, "height": 64},
    {"name": "inpaint", "model": "sd1", "adapters": [[PLUS, ["bordered.png"], 0.8]], "workflow": "inpainting", "image": "photo.png",
     "mask": "mask.png", "strength": 1.0, "width": 64, "height": 64},
    {"name": "xl-none", "model": "sdxl", "adapters": []},
    {"name": "xl-plain", "model": "sdxl", "adapters": [[XL, ["photo.png"], 0.7]]},
    {"name": "xl-plus", "model": "sdxl", "adapters": [[XL_PLUS, ["photo.png"], 0.9]]},
]

SEEN = [[PLAIN, ["bordered.png"], 0.8]]
NET, XL_NET = [{"name": "edges", "scale": 0.8, "end": 0.75}], [{"name": "xl-edges", "scale": 0.7, "end": 0.75}]
BESIDE = [
    {"name": "none", "adapters": [], "loras": [], "controls": []},
    {"name": "lora", "adapters": SEEN, "loras": [["peft", 0.8]], "controls": []},
    {"name": "net", "adapters": SEEN, "loras": [], "controls": NET},
    {"name": "all", "adapters": [[PLUS, ["photo.png"], 0.7]], "loras": [["peft", 0.8]], "controls": NET},
    {"name": "xl-none", "model": "sdxl", "adapters": [], "loras": [], "controls": []},
    {"name": "xl-lora", "model": "sdxl", "adapters": [[XL, ["bordered.png"], 0.8]], "loras": [["xl-peft", 0.6]], "controls": []},
    {"name": "xl-net", "model": "sdxl", "adapters": [[XL, ["bordered.png"], 0.8]], "loras": [], "controls": XL_NET},
    {"name": "xl-all", "model": "sdxl", "adapters": [[XL_PLUS, ["photo.png"], 0.7]], "loras": [["sgm", 0.8]], "controls": XL_NET},
]


# ---- the files


def matrix(source, *shape, scale=1.0) -> torch.Tensor:
    return snap(scale * torch.randn(shape, generator=source) * shape[-1] ** -0.5)


def norm(source, width: int) -> dict:
    return {"weight": snap(1 + 0.2 * torch.randn(width, generator=source)), "bias": snap(0.2 * torch.randn(width, generator=source))}


def attention(source, unet) -> dict:
    """The keys and values of each cross-attention, in the order of diffusers' processors."""
    tensors, number = {}, 1
    for name in unet.attn_processors:
        if name.endswith("attn2.processor"):
            own = unet.get_submodule(name.removesuffix(".processor"))
            for side, layer in (("k", own.to_k), ("v", own.to_v)):
                tensors[f"ip_adapter.{number}.to_{side}_ip.weight"] = matrix(source, *layer.weight.shape, scale=1.5)
            number += 2
    return tensors


def plain(name: str, folder: str, model: str, embedding: int, seed: int) -> None:
    unet, source = pipeline({"model": model}).unet, generator(seed)
    width = unet.config.cross_attention_dim
    save(folder, name, {
        "image_proj.proj.weight": matrix(source, TOKENS * width, embedding),
        "image_proj.proj.bias": snap(0.2 * torch.randn(TOKENS * width, generator=source)),
        **{f"image_proj.norm.{key}": value for key, value in norm(source, width).items()},
        **attention(source, unet)})


def plus(name: str, folder: str, model: str, states: int, seed: int) -> None:
    unet, source = pipeline({"model": model}).unet, generator(seed)
    width, inner = unet.config.cross_attention_dim, 64 * HEADS
    tensors = {
        "latents": snap(torch.randn([1, QUERIES, HIDDEN], generator=source)),
        "proj_in.weight": matrix(source, HIDDEN, states), "proj_in.bias": snap(0.2 * torch.randn(HIDDEN, generator=source)),
        "proj_out.weight": matrix(source, width, HIDDEN), "proj_out.bias": snap(0.2 * torch.randn(width, generator=source)),
        **{f"norm_out.{key}": value for key, value in norm(source, width).items()}}
    for i in range(DEPTH):
        for layer in ("0.norm1", "0.norm2", "1.0"):
            tensors |= {f"layers.{i}.{layer}.{key}": value for key, value in norm(source, HIDDEN).items()}
        for layer, shape in (("0.to_q", [inner, HIDDEN]), ("0.to_kv", [2 * inner, HIDDEN]), ("0.to_out", [HIDDEN, inner]),
                             ("1.1", [4 * HIDDEN, HIDDEN]), ("1.3", [HIDDEN, 4 * HIDDEN])):
            tensors[f"layers.{i}.{layer}.weight"] = matrix(source, *shape, scale=1.5)
    save(folder, name, {**{f"image_proj.{key}": value for key, value in tensors.items()}, **attention(source, unet)})


def encoder(folder: str, projection: int, hidden: int, seed: int) -> None:
    model = randomize(CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=hidden, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2, image_size=SIDE, patch_size=8,
        projection_dim=projection, hidden_act="gelu")), seed)
    model.half().save_pretrained(HOME / folder / "image_encoder")


def save(folder: str, name: str, tensors: dict) -> None:
    save_file({key: value.half().contiguous() for key, value in tensors.items()}, HOME / folder / f"{name}.safetensors")


# ---- what they make


def pipeline(case: dict):
    model, controls = case.get("model", "sd1"), case.get("controls")
    folder, kind = FAMILIES[model]
    kind = STEERED[model] if controls else KINDS.get(case.get("workflow"), kind)
    more = {"safety_checker": None} if model == "sd1" else {"add_watermarker": False}
    if controls:
        more["controlnet"] = ControlNetModel.from_pretrained(OUT / "controlnets" / model / controls[0]["name"])
    pipe = kind.from_pretrained(folder, torch_dtype=torch.float32, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def adapted(case: dict):
    pipe, names = pipeline(case), [name for name, _, _ in case["adapters"]]
    for name, weight in case.get("loras", []):
        pipe.load_lora_weights(lora.HOME, weight_name=f"{name}.safetensors", adapter_name=name)
        pipe.set_adapters([name], [weight])
    if names:
        files = [f"{'sdxl_models' if 'sdxl' in name else 'models'}/{name}.safetensors" for name in names]
        pipe.load_ip_adapter(
            str(HOME), subfolder="", weight_name=files, image_encoder_folder=ENCODERS.get(names[0], "models/image_encoder"))
        pipe.set_ip_adapter_scale([scale for _, _, scale in case["adapters"]])
    return pipe.to(dtype=torch.float32)


def picture(name: str) -> Image.Image:
    return Image.open(PICTURES / name)


def run(case: dict, whole: bool) -> tuple[dict, Image.Image]:
    """What is made on the way of one picture, by name: the first call of the network and some steps, or steps alone."""
    pipe = adapted(case)
    calls, forward, steps = [], pipe.unet.forward, []

    def call(sample, timestep, encoder_hidden_states, added_cond_kwargs=None, **inputs):
        answer = forward(sample, timestep, encoder_hidden_states, added_cond_kwargs=added_cond_kwargs, **inputs)
        if whole and not calls:
            calls.append({"sample": sample, "timestep": torch.as_tensor(timestep).float(), "output": answer[0]})
            if case["adapters"]:
                tokens = pipe.unet.encoder_hid_proj(added_cond_kwargs["image_embeds"])
                calls[0] |= {f"tokens {i}": found.flatten(1, 2) for i, found in enumerate(tokens)}
        return answer

    def record(pipe, step, timestep, found):
        steps.append(found["latents"])
        return found

    pipe.unet.forward = call
    more = {"width": case["width"], "height": case["height"]}
    if "image" in case:
        more = {"image": picture(case["image"]).convert("RGB").resize((case["width"], case["height"]), Image.LANCZOS),
                "strength": case["strength"]}
    if "mask" in case:
        more |= {"mask_image": picture(case["mask"]), "width": case["width"], "height": case["height"]}
    for control in case.get("controls", []):
        more |= {"image": picture("photo.png").convert("RGB"), "controlnet_conditioning_scale": control["scale"],
                 "control_guidance_end": control["end"]}
    if case["adapters"]:
        more["ip_adapter_image"] = [[picture(name) for name in pictures] for _, pictures, _ in case["adapters"]]
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
        generator=generator(SEED), callback_on_step_end=record, **more).images[0]
    if not whole:
        return {f"step {number}": steps[number] for number in (0, len(steps) - 1)}, image
    case["recorded"] = sorted({0, 1, len(steps) - 1})
    return {**{f"call/{key}": value for key, value in calls[0].items()},
            **{f"step {number}": steps[number] for number in case["recorded"]}}, image


def make(home, cases: list, whole: bool) -> None:
    tensors, recorded = {}, []
    for case in cases:
        side = 12 * 2 ** (len(pipeline(case).vae.config.block_out_channels) - 1)
        width, height = (side, side) if whole else (64, 48)
        case = {"workflow": "text_to_image", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 8,
                "guidance_scale": 5.0, "width": width, "height": height, **case}
        found, image = run(case, whole)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(home / f"{case['name']}.png", optimize=True)
        recorded.append(case)
    save_tensors(home / "io.safetensors", tensors)
    save_cases(home / "cases.json", recorded)


def main() -> None:
    for home in (HOME, BESIDE_HOME):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
    encoder("models", 20, 16, 1)
    encoder("sdxl_models", 28, 24, 2)
    plain(PLAIN, "models", "sd1", 20, 3)
    plus(PLUS, "models", "sd1", 16, 4)
    plain(XL, "sdxl_models", "sdxl", 28, 5)
    plus(XL_PLUS, "sdxl_models", "sdxl", 16, 6)
    make(HOME, CASES, whole=True)
    make(BESIDE_HOME, BESIDE, whole=False)


if __name__ == "__main__":
    main()
