"""Guided diffusion (ADM) with its published code: one call of each network, a classifier's gradient, and trajectories.

The code is OpenAI's repository openai/guided-diffusion, as the package guided-diffusion-sdk 1.0.0 has it. Checkpoints are not stored: the
numbers of each tensor follow from its name (`numbers`), and Weir's test makes the same .pt files.
"""

import functools
import gzip
import json
import shutil
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from guided_diffusion import gaussian_diffusion as gd
from guided_diffusion import script_util
from guided_diffusion.respace import SpacedDiffusion, space_timesteps
from guided_diffusion.unet import EncoderUNetModel, SuperResModel, UNetModel

from fixtures import OUT, generator, int64, save_cases, save_tensors

HOME = OUT / "adm"

SIDE = 16
CLASSES = 7
RESIDUAL = {"use_scale_shift_norm": True, "resblock_updown": True}

NETWORKS = {
    "base": (UNetModel, {
        "image_size": SIDE, "in_channels": 3, "model_channels": 32, "out_channels": 6, "num_res_blocks": 1,
        "attention_resolutions": (2,), "channel_mult": (1, 1), "num_classes": CLASSES, "num_head_channels": 16,
        "use_new_attention_order": True, **RESIDUAL}),
    "plain": (UNetModel, {
        "image_size": SIDE, "in_channels": 3, "model_channels": 64, "out_channels": 6, "num_res_blocks": 2,
        "attention_resolutions": (2,), "channel_mult": (0.5, 1), "num_heads": 4}),
    "upsampler": (SuperResModel, {
        "image_size": SIDE, "in_channels": 3, "model_channels": 32, "out_channels": 6, "num_res_blocks": 1,
        "attention_resolutions": (2, 4), "channel_mult": (1, 1, 1), "num_classes": CLASSES, "num_heads": 2, **RESIDUAL}),
    "classifier": (EncoderUNetModel, {
        "image_size": SIDE, "in_channels": 3, "model_channels": 32, "out_channels": CLASSES, "num_res_blocks": 1,
        "attention_resolutions": (2,), "channel_mult": (1, 1), "num_head_channels": 16, "pool": "attention", **RESIDUAL}),
}

# The flags of the repository's README.
PUBLISHED = {
    "64x64_diffusion": {"image_size": 64, "class_cond": True, "noise_schedule": "cosine", "num_channels": 192, "num_head_channels": 64,
                        "num_res_blocks": 3, "use_new_attention_order": True},
    "128x128_diffusion": {"image_size": 128, "class_cond": True, "num_channels": 256, "num_heads": 4},
    "256x256_diffusion": {"image_size": 256, "class_cond": True, "num_channels": 256, "num_head_channels": 64},
    "256x256_diffusion_uncond": {"image_size": 256, "class_cond": False, "num_channels": 256, "num_head_channels": 64},
    "512x512_diffusion": {"image_size": 512, "class_cond": True, "num_channels": 256, "num_head_channels": 64},
    "64_256_upsampler": {"large_size": 256, "small_size": 64, "class_cond": True, "num_channels": 192, "num_heads": 4},
    "128_512_upsampler": {"large_size": 512, "small_size": 128, "class_cond": True, "num_channels": 192, "num_head_channels": 64,
                          "attention_resolutions": "32,16"},
    "64x64_classifier": {"image_size": 64, "classifier_depth": 4},
    "128x128_classifier": {"image_size": 128},
    "256x256_classifier": {"image_size": 256},
    "512x512_classifier": {"image_size": 512},
}

CASES = [
    {"name": "ddpm", "network": "base", "schedule": "cosine", "steps": 12, "class_label": 3},
    {"name": "guided", "network": "base", "schedule": "cosine", "steps": 12, "class_label": 3, "classifier_scale": 4.0},
    {"name": "ddim", "network": "base", "schedule": "cosine", "steps": 10, "class_label": 5, "ddim": True},
    {"name": "guided-ddim", "network": "base", "schedule": "cosine", "steps": 10, "class_label": 5, "classifier_scale": 2.0, "ddim": True},
    {"name": "unconditional", "network": "plain", "schedule": "linear", "steps": 12},
    {"name": "unconditional-guided", "network": "plain", "schedule": "linear", "steps": 12, "class_label": 1, "classifier_scale": 10.0},
    {"name": "upsampled", "network": "upsampler", "schedule": "linear", "steps": 8, "class_label": 2},
]


def numbers(name: str, shape: tuple) -> np.ndarray:
    """Even in [-1, 1), of 24 bits: SplitMix64 (java.util.SplittableRandom) from the name's CRC-32."""
    with np.errstate(over="ignore"):
        golden = np.uint64(0x9E3779B97F4A7C15)
        z = np.uint64(zlib.crc32(name.encode())) + golden * np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)).reshape(shape)


@functools.cache
def network(name: str):
    """The network, and of each tensor its shape and what its numbers are multiplied by and added to."""
    kind, options = NETWORKS[name]
    model = kind(**options).eval().requires_grad_(False)
    tensors = []
    for key, parameter in model.state_dict().items():
        matrix = parameter.dim() > 1
        norm = parameter.dim() == 1 and key.endswith("weight")
        scale = (3 / parameter[0].numel()) ** 0.5 if matrix else 0.2
        if key.startswith("out.2."):
            scale *= 0.3
        if key == "label_emb.weight":
            scale = 1.0
        tensors.append({"name": key, "shape": list(parameter.shape), "scale": float(np.float32(scale)), "shift": 1.0 if norm else 0.0})
        value = numbers(key, tuple(parameter.shape)) * np.float32(scale) + np.float32(1.0 if norm else 0.0)
        parameter.copy_(torch.from_numpy(value))
    return model, tensors


def gradient(x, timesteps, labels, scale=1.0):
    """cond_fn of scripts/classifier_sample.py."""
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        logs = F.log_softmax(network("classifier")[0](x, timesteps), dim=-1)
        return torch.autograd.grad(logs[range(len(labels)), labels].sum(), x)[0] * scale


def calls() -> dict:
    source, tensors = generator(3), {}
    timesteps, labels = int64([900, 90]), int64([3, 6])
    for name in NETWORKS:
        model, _ = network(name)
        x = torch.randn([2, 3, SIDE, SIDE], generator=source)
        more = {}
        if name == "upsampler":
            more["low_res"] = torch.rand([2, 3, SIDE // 2, SIDE // 2], generator=source) * 2 - 1
            tensors[f"{name}/low_res"] = more["low_res"]
        if name in ("base", "upsampler"):
            more["y"] = labels
        tensors |= {f"{name}/sample": x, f"{name}/output": model(x, timesteps, **more)}
    tensors["classifier/gradient"] = gradient(tensors["classifier/sample"], timesteps, labels)
    return tensors | {"timesteps": timesteps.float(), "labels": labels}


def diffusion(case: dict) -> SpacedDiffusion:
    spacing = f"ddim{case['steps']}" if case.get("ddim") else str(case["steps"])
    return SpacedDiffusion(
        use_timesteps=space_timesteps(1000, spacing), betas=gd.get_named_beta_schedule(case["schedule"], 1000),
        model_mean_type=gd.ModelMeanType.EPSILON, model_var_type=gd.ModelVarType.LEARNED_RANGE, loss_type=gd.LossType.MSE)


def run(case: dict) -> dict:
    process, (model, _) = diffusion(case), network(case["network"])
    label, scale = case.get("class_label"), case.get("classifier_scale", 0.0)
    labels = None if label is None else int64([label])
    tensors, more = {}, {}
    if "num_classes" in NETWORKS[case["network"]][1]:
        more["y"] = labels
    if case["network"] == "upsampler":
        low = (torch.rand([1, 3, SIDE // 2, SIDE // 2], generator=generator(11)) * 255).round() / 127.5 - 1
        more["low_res"] = tensors["low_res"] = low
    guide = (lambda x, t, y=None, **_: gradient(x, t, labels, scale)) if scale else None
    torch.manual_seed(case["seed"])
    loop = process.ddim_sample_loop_progressive if case.get("ddim") else process.p_sample_loop_progressive
    steps = [step["sample"] for step in loop(
        model, (1, 3, SIDE, SIDE), clip_denoised=True, model_kwargs=more, cond_fn=guide, device="cpu")]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    return tensors | {"steps": torch.cat([steps[number] for number in case["recorded"]])}


def published() -> list:
    """The shapes of the published networks, as their flags make them."""
    found = []
    unet = {"attention_resolutions": "32,16,8", "learn_sigma": True, "resblock_updown": True, "use_scale_shift_norm": True}
    for name, flags in PUBLISHED.items():
        with torch.device("meta"):
            if "classifier" in name:
                model, _ = script_util.create_classifier_and_diffusion(**(script_util.classifier_and_diffusion_defaults() | flags))
            elif "upsampler" in name:
                model, _ = script_util.sr_create_model_and_diffusion(**(script_util.sr_model_and_diffusion_defaults() | unet | flags))
            else:
                model, _ = script_util.create_model_and_diffusion(**(script_util.model_and_diffusion_defaults() | unet | flags))
        shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
        found.append({"name": name, "flags": flags, "shapes": shapes})
    return found


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    tensors, cases = calls(), []
    for case in CASES:
        case = {**case, "seed": 7}
        tensors |= {f"{case['name']}/{key}": value for key, value in run(case).items()}
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)
    text = json.dumps(published(), separators=(",", ":"))
    (HOME / "published.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    save_cases(HOME / "networks.json", [{"name": name, "tensors": network(name)[1]} for name in NETWORKS])


if __name__ == "__main__":
    main()
