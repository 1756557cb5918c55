"""LoRA files in every form that Weir reads, and what diffusers makes of them: text states, one network call, pictures.

Files of forms that diffusers has no reader for (LyCORIS, `lora_mid`) are held to a network whose weights have the change added.
"""

import json
import shutil

import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import save_picture

HOME = OUT / "lora"
PROMPT, NEGATIVE, SEED, STEPS = "a red apple on a green hill", "blurry, dark", 7, 8
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]

FAMILIES = {
    "sd1": (OUT / "checkpoints/sd1", StableDiffusionPipeline),
    "sdxl": (OUT / "sdxl", StableDiffusionXLPipeline),
}
CASES = [
    {"name": "plain", "model": "sd1", "loras": []},
    {"name": "peft", "model": "sd1", "loras": [["peft", 0.8]]},
    {"name": "kohya", "model": "sd1", "loras": [["kohya", 1.0]]},
    {"name": "both", "model": "sd1", "loras": [["peft", 0.7], ["kohya", -0.5]]},
    {"name": "mid", "model": "sd1", "loras": [["mid", 1.0]]},
    {"name": "loha", "model": "sd1", "loras": [["loha", 0.9]]},
    {"name": "lokr", "model": "sd1", "loras": [["lokr", 1.0]]},
    {"name": "xl-plain", "model": "sdxl", "loras": []},
    {"name": "xl-sgm", "model": "sdxl", "loras": [["sgm", 1.0]]},
    {"name": "xl-peft", "model": "sdxl", "loras": [["xl-peft", -0.6]]},
]
MERGED = {"mid", "loha", "lokr"}


def pipeline(model: str):
    folder, kind = FAMILIES[model]
    more = {"safety_checker": None} if model == "sd1" else {"add_watermarker": False}
    pipe = kind.from_pretrained(folder, torch_dtype=torch.float32, **more)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def random(source, *shape, scale=1.0) -> torch.Tensor:
    fan = shape[1] if len(shape) == 2 else shape[1] * shape[2] * shape[3]
    return (scale * torch.randn(shape, generator=source) * fan ** -0.5).half().float()


# ---- the files


def peft_file(name: str, model: str, seed: int, unet_targets, alpha: int) -> None:
    """As diffusers' training scripts save it: with the alpha in the file's metadata."""
    pipe, source = pipeline(model), generator(seed)
    parts = {"unet": pipe.unet, "text_encoder": pipe.text_encoder}
    if model == "sdxl":
        parts["text_encoder_2"] = pipe.text_encoder_2
    saved, metadata = {}, {}
    for part, network in parts.items():
        config = LoraConfig(r=4, lora_alpha=alpha, target_modules=unet_targets if part == "unet" else TEXT)
        network.add_adapter(config)
        for key, weight in sorted(network.named_parameters()):
            if "lora_" in key:
                weight.copy_(random(source, *weight.shape, scale=0.7))
        saved[f"{part}_lora_layers"] = {key: value.half() for key, value in get_peft_model_state_dict(network).items()}
        config = network.peft_config["default"].to_dict()
        config |= {"target_modules": sorted(config["target_modules"]), "base_model_name_or_path": None}
        metadata[f"{part}_lora_adapter_metadata"] = config
    type(pipe).save_lora_weights(HOME, weight_name=f"{name}.safetensors", **saved, **metadata)


def underscored(name: str) -> str:
    return name.replace(".", "_")


def layers(pipe, wanted) -> dict:
    """Weights by what trainers call their layers."""
    found = {}
    parts = {"lora_unet_": pipe.unet, "lora_te_": pipe.text_encoder}
    if hasattr(pipe, "text_encoder_2"):
        parts = {"lora_unet_": pipe.unet, "lora_te1_": pipe.text_encoder, "lora_te2_": pipe.text_encoder_2}
    for prefix, network in parts.items():
        for name, module in network.named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and wanted(name):
                found[prefix, name] = module.weight
    return found


def kohya_file() -> None:
    """Ranks that differ by layer, and convolutions. diffusers ignores alphas of text encoders that differ by layer."""
    pipe, source, tensors = pipeline("sd1"), generator(2), {}
    wanted = lambda name: name.endswith((*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", "conv1", "conv2", "time_emb_proj", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv", *TEXT))
    for number, ((prefix, name), weight) in enumerate(layers(pipe, wanted).items()):
        rank = 2 + number % 3
        key = prefix + underscored(name)
        tail = [1, 1] if weight.dim() == 4 else []
        tensors[f"{key}.lora_down.weight"] = random(source, rank, *weight.shape[1:])
        tensors[f"{key}.lora_up.weight"] = random(source, weight.shape[0], rank, *tail, scale=0.5)
        tensors[f"{key}.alpha"] = torch.tensor(2.0)
    save("kohya", {key: value.half() if value.dim() else value for key, value in tensors.items()})


def sgm_name(name: str, per_block: int) -> str:
    """A layer of diffusers' UNet under its name in SDXL's own code."""
    parts = name.split(".")
    if parts[0] == "mid_block":
        number = {("resnets", "0"): "0", ("attentions", "0"): "1", ("resnets", "1"): "2"}[parts[1], parts[2]]
        head, rest = ["middle_block", number], parts[3:]
    else:
        block, kind, index = int(parts[1]), parts[2], int(parts[3])
        down = parts[0] == "down_blocks"
        place = per_block if kind in ("downsamplers", "upsamplers") else index
        inner = {"resnets": 0, "attentions": 1, "downsamplers": 0, "upsamplers": 2}[kind]
        number = (1 if down else 0) + block * (per_block + 1) + place
        head, rest = ["input_blocks" if down else "output_blocks", str(number), str(inner)], parts[4:]
        if kind == "downsamplers":
            rest = ["op"]
    names = {"conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}
    return ".".join(head + [names.get(part, part) for part in rest])


def sgm_file() -> None:
    pipe, source, tensors = pipeline("sdxl"), generator(3), {}
    wanted = lambda name: name.endswith((*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", *TEXT)) or (
        name.endswith(("conv1", "conv2", "downsamplers.0.conv")) and "down_blocks" in name)
    for (prefix, name), weight in layers(pipe, wanted).items():
        key = prefix + underscored(sgm_name(name, 1) if prefix == "lora_unet_" else name)
        tail = [1, 1] if weight.dim() == 4 else []
        tensors[f"{key}.lora_down.weight"] = random(source, 3, *weight.shape[1:])
        tensors[f"{key}.lora_up.weight"] = random(source, weight.shape[0], 3, *tail, scale=0.5)
        tensors[f"{key}.alpha"] = torch.tensor(2.0)
    save("sgm", {key: value.half() if value.dim() else value for key, value in tensors.items()})


def rslora_file() -> None:
    """rsLoRA, with ranks and alphas by pattern, and the changes of the weights that diffusers makes of the file."""
    pipe, source, saved, metadata = pipeline("sd1"), generator(9), {}, {}
    for part, network, target, patterns in (
        ("unet", pipe.unet, "to_q", ({"attn1.to_q": 2}, {r"down_blocks\..*\.to_q": 3, "attn1.to_q": 5})),
        ("text_encoder", pipe.text_encoder, "q_proj", ({}, {})),
    ):
        rank_pattern, alpha_pattern = patterns
        network.add_adapter(LoraConfig(r=3, lora_alpha=6, target_modules=[target], use_rslora=True,
                                       rank_pattern=rank_pattern, alpha_pattern=alpha_pattern))
        for key, weight in sorted(network.named_parameters()):
            if "lora_" in key:
                weight.copy_(random(source, *weight.shape, scale=0.7))
        saved[f"{part}_lora_layers"] = get_peft_model_state_dict(network)
        config = network.peft_config["default"].to_dict()
        config |= {"target_modules": sorted(config["target_modules"]), "base_model_name_or_path": None}
        metadata[f"{part}_lora_adapter_metadata"] = config
    type(pipe).save_lora_weights(HOME, weight_name="rslora.safetensors", **saved, **metadata)
    pipe = pipeline("sd1")
    pipe.load_lora_weights(HOME, weight_name="rslora.safetensors", adapter_name="rslora")
    changes = {}
    for part, network in (("unet", pipe.unet), ("text_encoder", pipe.text_encoder)):
        for name, module in network.named_modules():
            if hasattr(module, "lora_A"):
                changes[f"{part}/{name.removeprefix('text_model.')}"] = module.get_delta_weight("rslora").float()
    save("rslora-changes", changes)


def mid_file() -> dict:
    """Convolutions in three parts, and alphas that differ by layer. The changes that they make, by layer."""
    pipe, source, tensors, changes = pipeline("sd1"), generator(4), {}, {}
    for number, ((prefix, name), weight) in enumerate(layers(pipe, lambda name: name.endswith(("conv1", "to_q", "q_proj"))).items()):
        key, rank, alpha = prefix + underscored(name), 3, 1.0 + number % 2
        if weight.dim() == 2:
            down, up = random(source, rank, weight.shape[1]), random(source, weight.shape[0], rank)
            tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}
            changes[prefix, name] = up @ down * alpha / rank
        else:
            down, up = random(source, rank, weight.shape[1], 1, 1), random(source, weight.shape[0], rank, 1, 1)
            mid = random(source, rank, rank, 3, 3)
            tensors |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.lora_mid.weight": mid}
            changes[prefix, name] = torch.einsum("nmkl,mi,on->oikl", mid, down[:, :, 0, 0], up[:, :, 0, 0]) * alpha / rank
        tensors[f"{key}.alpha"] = torch.tensor(alpha)
    save("mid", tensors)
    return changes


def loha_file() -> dict:
    pipe, source, tensors, changes = pipeline("sd1"), generator(5), {}, {}
    for number, ((prefix, name), weight) in enumerate(layers(pipe, lambda name: name.endswith(("to_q", "to_v", "conv2", "fc1"))).items()):
        key, rank = prefix + underscored(name), 2
        flat = weight.reshape(weight.shape[0], -1)
        if weight.dim() == 4 and number % 2:  # in three parts
            a = [random(source, rank, weight.shape[0], scale=1.4) for _ in range(2)]
            b = [random(source, rank, weight.shape[1], scale=1.4) for _ in range(2)]
            t = [random(source, rank, rank, 3, 3, scale=1.4) for _ in range(2)]
            both = [torch.einsum("ijkl,jr,ip->prkl", t[i], b[i], a[i]) for i in range(2)]
            tensors |= {f"{key}.hada_t{i + 1}": t[i] for i in range(2)}
        else:
            a = [random(source, weight.shape[0], rank, scale=1.4) for _ in range(2)]
            b = [random(source, rank, flat.shape[1], scale=2.0) for _ in range(2)]
            both = [(a[i] @ b[i]).reshape(weight.shape) for i in range(2)]
        tensors |= {f"{key}.hada_w{i + 1}_a": a[i] for i in range(2)} | {f"{key}.hada_w{i + 1}_b": b[i] for i in range(2)}
        tensors[f"{key}.alpha"] = torch.tensor(1.0)
        changes[prefix, name] = both[0] * both[1] / rank
    save("loha", tensors)
    return changes


def lokr_file() -> dict:
    pipe, source, tensors, changes = pipeline("sd1"), generator(6), {}, {}
    for number, ((prefix, name), weight) in enumerate(layers(pipe, lambda name: name.endswith(("to_q", "to_v", "conv1", "fc1"))).items()):
        key, rank, (out, width) = prefix + underscored(name), 2, weight.shape[:2]
        scale = 1.0
        if number % 3 == 2:  # the first matrix is a product too
            first = [random(source, 4, 1), random(source, 1, 2)]
            tensors |= {f"{key}.lokr_w1_a": first[0], f"{key}.lokr_w1_b": first[1]}
            w1 = first[0] @ first[1]  # of rank 1, which the alpha is divided by unless the second matrix has a rank too
        else:
            w1 = random(source, 4, 2)
            tensors[f"{key}.lokr_w1"] = w1
        inner = [out // 4, width // 2]
        if weight.dim() == 4 and number % 2:  # in three parts
            a, b, t = random(source, rank, inner[0]), random(source, rank, inner[1]), random(source, rank, rank, 3, 3)
            tensors |= {f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b, f"{key}.lokr_t2": t}
            w2, scale = torch.einsum("ijkl,jr,ip->prkl", t, b, a), 1 / rank
        elif number % 2:
            size = inner[1] * (9 if weight.dim() == 4 else 1)
            a, b = random(source, inner[0], rank), random(source, rank, size)
            tensors |= {f"{key}.lokr_w2_a": a, f"{key}.lokr_w2_b": b}
            w2, scale = (a @ b).reshape(*inner, *weight.shape[2:]), 1 / rank
        else:
            w2 = random(source, *inner, *weight.shape[2:])
            tensors[f"{key}.lokr_w2"] = w2
        tensors[f"{key}.alpha"] = torch.tensor(1.0)
        w1 = w1.reshape(*w1.shape, *[1] * (weight.dim() - 2))
        changes[prefix, name] = torch.kron(w1, w2.contiguous()) * scale
    save("lokr", tensors)
    return changes


def save(name: str, tensors: dict) -> None:
    save_file({key: value.contiguous() for key, value in tensors.items()}, HOME / f"{name}.safetensors")


# ---- what they make


def applied(case: dict, changes: dict):
    pipe = pipeline(case["model"])
    for name, weight in case["loras"]:
        if name in MERGED:
            parts = {"lora_unet_": pipe.unet, "lora_te_": pipe.text_encoder}
            for (prefix, layer), change in changes[name].items():
                parts[prefix].get_submodule(layer).weight.add_(weight * change)
        else:
            pipe.load_lora_weights(HOME, weight_name=f"{name}.safetensors", adapter_name=name)
    loaded = [(name, weight) for name, weight in case["loras"] if name not in MERGED]
    if loaded:
        pipe.set_adapters([name for name, _ in loaded], [weight for _, weight in loaded])
    return pipe.to(dtype=torch.float32)  # peft computes in the type of the adapter's file


def run(case: dict, pipe) -> tuple[dict, torch.Tensor]:
    source = generator(SEED + 1)
    found = pipe.encode_prompt(PROMPT, "cpu", 1, True, NEGATIVE) if case["model"] == "sd1" else pipe.encode_prompt(
        PROMPT, negative_prompt=NEGATIVE, do_classifier_free_guidance=True)
    states = found[0]
    inputs = {}
    if case["model"] == "sdxl":
        inputs["added_cond_kwargs"] = {"text_embeds": found[2], "time_ids": torch.tensor([[48.0, 48, 0, 0, 48, 48]])}
    sample = torch.randn([1, 4, 8, 8], generator=source)
    tensors = {"states": states, "sample": sample, "output": pipe.unet(sample, 400.0, states, **inputs).sample}
    if case["model"] == "sdxl":
        tensors["text_embeds"] = found[2]
    side = 12 * 2 ** (len(pipe.vae.config.block_out_channels) - 1)
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=5.0, width=side, height=side, num_inference_steps=STEPS,
        generator=generator(SEED), output_type="pt").images
    return tensors, image * 2 - 1


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    peft_file("peft", "sd1", 1, [*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "conv1"], 6)
    peft_file("xl-peft", "sdxl", 8, [*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in"], 2)
    kohya_file()
    sgm_file()
    rslora_file()
    changes = {"mid": mid_file(), "loha": loha_file(), "lokr": lokr_file()}
    tensors, cases = {}, []
    for case in CASES:
        pipe = applied(case, changes)
        found, image = run(case, pipe)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append({**case, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": STEPS,
                      "guidance_scale": 5.0, "size": image.shape[-1]})
    # Another weight for the text encoder than for the UNet: the picture alone.
    split = {"name": "split", "model": "sd1", "loras": [["peft", {"text_encoder": 0.3, "unet": 0.9}]]}
    save_picture(HOME / "split.png", run(split, applied(split, changes))[1])
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
