"""LoRA files of Flux.1 and Stable Diffusion 3, and what diffusers makes with them: one network call and the trajectory."""

import inspect
import shutil

import torch
from diffusers import FluxPipeline, StableDiffusion3Pipeline
from diffusers.loaders import lora_conversion_utils, lora_pipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from fixtures import OUT, generator, save_cases, save_tensors
from lora import TEXT, random

HOME = OUT / "transformer_loras"
MODELS = {"flux": (OUT / "flux/dev", FluxPipeline), "sd3": (OUT / "sd3/sd35", StableDiffusion3Pipeline)}
ATTENTION = ["attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out"]
CASES = [
    {"name": "flux-plain", "model": "flux", "loras": []},
    {"name": "flux-peft", "model": "flux", "loras": [["flux-peft", 0.8]]},
    {"name": "flux-kohya", "model": "flux", "loras": [["flux-kohya", 1.0]]},
    {"name": "flux-both", "model": "flux", "loras": [["flux-peft", 0.7], ["flux-kohya", -0.5]]},
    {"name": "flux-xlabs", "model": "flux", "loras": [["flux-xlabs", 0.9]]},
    {"name": "sd3-plain", "model": "sd3", "loras": []},
    {"name": "sd3-peft", "model": "sd3", "loras": [["sd3-peft", -0.6]]},
]


def of_tiny_models() -> None:
    """diffusers' own converter, but for the widths of the published model, which it has as numbers."""
    source = inspect.getsource(lora_conversion_utils._convert_kohya_flux_lora_to_diffusers)
    published = "dims=[3072, 3072, 3072, 12288]"
    assert published in source
    names = vars(lora_conversion_utils)
    exec(source.replace(published, "dims=[16, 16, 16, 64]"), names)
    lora_pipeline._convert_kohya_flux_lora_to_diffusers = names["_convert_kohya_flux_lora_to_diffusers"]


def pipeline(model: str):
    folder, kind = MODELS[model]
    without = {"text_encoder_3": None, "tokenizer_3": None} if model == "sd3" else {}
    pipe = kind.from_pretrained(folder, torch_dtype=torch.float32, **without)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def peft_file(name: str, model: str, seed: int, alpha: int) -> None:
    """As diffusers' training scripts save it."""
    pipe, source = pipeline(model), generator(seed)
    parts = {"transformer": pipe.transformer, "text_encoder": pipe.text_encoder}
    if model == "sd3":
        parts["text_encoder_2"] = pipe.text_encoder_2
    saved, metadata = {}, {}
    for part, network in parts.items():
        targets = [*ATTENTION, "ff.net.2", "proj_mlp", "norm.linear", "proj_out"] if part == "transformer" else TEXT
        network.add_adapter(LoraConfig(r=3, lora_alpha=alpha, target_modules=targets))
        for key, weight in sorted(network.named_parameters()):
            if "lora_" in key:
                weight.copy_(random(source, *weight.shape, scale=0.7))
        saved[f"{part}_lora_layers"] = {key: value.half() for key, value in get_peft_model_state_dict(network).items()}
        config = network.peft_config["default"].to_dict()
        config |= {"target_modules": sorted(config["target_modules"]), "base_model_name_or_path": None}
        metadata[f"{part}_lora_adapter_metadata"] = config
    type(pipe).save_lora_weights(HOME, weight_name=f"{name}.safetensors", **saved, **metadata)


def kohya_file() -> None:
    """As sd-scripts saves it: queries, keys and values in one layer, in single blocks together with the feed-forward network.

    diffusers scales layers of other ranks than the most frequent one wrongly, and does not find those of the text encoder.
    """
    pipe, source, tensors = pipeline("flux"), generator(12), {}
    width = pipe.transformer.inner_dim
    layers = {}
    for stream in ("img", "txt"):
        block = f"lora_unet_double_blocks_0_{stream}_"
        layers |= {
            f"{block}attn_qkv": (3 * width, width), f"{block}attn_proj": (width, width), f"{block}mlp_0": (4 * width, width),
            f"{block}mlp_2": (width, 4 * width), f"{block}mod_lin": (6 * width, width)}
    for number in range(2):
        block = f"lora_unet_single_blocks_{number}_"
        layers |= {f"{block}linear1": (7 * width, width), f"{block}linear2": (width, 5 * width), f"{block}modulation_lin": (3 * width, width)}
    for layer, (out, into) in layers.items():
        rank = 3
        tensors[f"{layer}.lora_down.weight"] = random(source, rank, into)
        tensors[f"{layer}.lora_up.weight"] = random(source, out, rank, scale=0.4)
        tensors[f"{layer}.alpha"] = torch.tensor(1.0)
    save_file({key: (value.half() if value.dim() else value).contiguous() for key, value in tensors.items()}, HOME / "flux-kohya.safetensors")


def xlabs_file() -> None:
    width, source, tensors = pipeline("flux").transformer.inner_dim, generator(14), {}
    layers = {f"double_blocks.0.processor.{kind}_lora{stream}": wide for kind, wide in (("qkv", 3), ("proj", 1)) for stream in (1, 2)}
    layers |= {"single_blocks.1.processor.qkv_lora": 3}
    for layer, wide in layers.items():
        tensors[f"{layer}.down.weight"] = random(source, 2, width).half()
        tensors[f"{layer}.up.weight"] = random(source, wide * width, 2, scale=0.5).half()
    save_file({key: value.contiguous() for key, value in tensors.items()}, HOME / "flux-xlabs.safetensors")


def run(case: dict) -> dict:
    pipe = pipeline(case["model"])
    for name, _ in case["loras"]:
        pipe.load_lora_weights(HOME, weight_name=f"{name}.safetensors", adapter_name=name)
    if case["loras"]:
        pipe.set_adapters([name for name, _ in case["loras"]], [weight for _, weight in case["loras"]])
    pipe.to(dtype=torch.float32)  # peft computes in the type of the adapter's file
    tensors, steps, forward = {}, [], pipe.transformer.forward

    def unpacked(latents):
        return pipe._unpack_latents(latents, case["height"], case["width"], pipe.vae_scale_factor) if case["model"] == "flux" else latents

    def record(**inputs):
        answer = forward(**inputs)
        tensors.setdefault("call", unpacked(answer[0]))
        return answer

    pipe.transformer.forward = record
    pipe(
        case["prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"], num_inference_steps=case["steps"],
        generator=generator(case["seed"]), output_type="latent",
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(unpacked(kept["latents"])) or {})
    return {**tensors, "latents": steps[-1]}


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    of_tiny_models()
    peft_file("flux-peft", "flux", 11, 6)
    peft_file("sd3-peft", "sd3", 13, 2)
    kohya_file()
    xlabs_file()
    tensors, cases = {}, []
    for case in CASES:
        case = {**case, "workflow": "text_to_image", "prompt": "a red apple on a green hill", "negative_prompt": None, "guidance_scale": 3.5,
                "width": 32, "height": 48, "steps": 5, "seed": 7}
        tensors |= {f"{case['name']}/{key}": value for key, value in run(case).items()}
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
