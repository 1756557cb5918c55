"""LoRA files of Z-Image in each naming, and what diffusers makes with them: one network call and the trajectory.

It needs the packages of requirements-z-image.txt.
"""

import shutil

import torch
from diffusers import ZImagePipeline
from diffusers.utils import peft_utils
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from fixtures import OUT, generator, save_cases, save_tensors

HOME = OUT / "z_image_loras"
WIDTH, INNER = 16, 42
BLOCKS = ["layers.0", "layers.1", "noise_refiner.0", "context_refiner.0"]
# The sides of a block's layers in the original repository, of which one has queries, keys and values.
LAYERS = {"attention.qkv": (3 * WIDTH, WIDTH), "attention.out": (WIDTH, WIDTH), "feed_forward.w1": (INNER, WIDTH), "feed_forward.w2": (WIDTH, INNER),
          "feed_forward.w3": (INNER, WIDTH)}
CASES = [
    {"name": "plain", "loras": []},
    {"name": "peft", "loras": [["peft", 0.8]]},
    {"name": "toolkit", "loras": [["toolkit", -0.7]]},
    {"name": "kohya", "loras": [["kohya", 1.0]]},
    {"name": "comfyui", "loras": [["comfyui", 0.9]]},
    {"name": "twice", "loras": [["twice", 1.0]]},
    {"name": "lokr", "loras": [["lokr", 1.0]]},
    {"name": "several", "loras": [["peft", 0.6], ["kohya", -0.5]]},
]


def random(source, *shape) -> torch.Tensor:
    return (0.7 * torch.randn(shape, generator=source) * shape[1] ** -0.5).half()


def pipeline() -> ZImagePipeline:
    pipe = ZImagePipeline.from_pretrained(OUT / "z_image/model", torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def save(name: str, tensors: dict) -> None:
    save_file({key: value.contiguous() for key, value in tensors.items()}, HOME / f"{name}.safetensors")


def peft_file() -> None:
    """As diffusers' training scripts save it: every layer but a wide one, with the alpha in the file's metadata."""
    network, source = pipeline().transformer, generator(31)
    targets = [name for name, module in network.named_modules() if isinstance(module, torch.nn.Linear) and name != "t_embedder.mlp.2"]
    network.add_adapter(LoraConfig(r=2, lora_alpha=3, target_modules=targets))
    for key, weight in sorted(network.named_parameters()):
        if "lora_" in key:
            weight.copy_(random(source, *weight.shape))
    layers = {key: value.half() for key, value in get_peft_model_state_dict(network).items()}
    assert len(layers) == 2 * len(targets)
    config = network.peft_config["default"].to_dict()
    config |= {"target_modules": sorted(config["target_modules"]), "base_model_name_or_path": None}
    ZImagePipeline.save_lora_weights(
        HOME, weight_name="peft.safetensors", transformer_lora_layers=layers, transformer_lora_adapter_metadata=config)


def factors(source, layer: str, out: int, into: int, rank: int, down: str, up: str) -> dict:
    return {f"{layer}.{down}.weight": random(source, rank, into), f"{layer}.{up}.weight": random(source, out, rank)}


def toolkit_file() -> None:
    """As ai-toolkit saves it: diffusers' names behind the prefix of ComfyUI, of other ranks and partly with an alpha."""
    source, tensors = generator(32), {}
    for number, layer in enumerate(["attention.to_q", "attention.to_k", "attention.to_v", "attention.to_out.0", "feed_forward.w1", "feed_forward.w3"]):
        name = f"diffusion_model.layers.{number % 2}.{layer}"
        tensors |= factors(source, name, INNER if "feed" in layer else WIDTH, WIDTH, 1 + number % 3, "lora_A", "lora_B")
        if number % 2:
            tensors[f"{name}.alpha"] = torch.tensor(1.5)
    save("toolkit", tensors)


def kohya_file() -> None:
    """As sd-scripts saves it."""
    source, tensors = generator(33), {}
    for block in BLOCKS:
        for layer, (out, into) in LAYERS.items():
            name = f"lora_unet_{block}_{layer}".replace(".", "_")
            tensors |= factors(source, name, out, into, 2, "lora_down", "lora_up") | {f"{name}.alpha": torch.tensor(0.5)}
    save("kohya", tensors)


def comfyui_file() -> None:
    """The original repository's names behind the prefix of ComfyUI."""
    source, tensors = generator(34), {}
    for block in BLOCKS[1:]:
        for layer, (out, into) in LAYERS.items():
            tensors |= factors(source, f"diffusion_model.{block}.{layer}", out, into, 1, "lora_A", "lora_B")
    save("comfyui", tensors)


def renamed(name: str) -> str:
    """As kohya's trainer calls it: diffusers splits queries, keys and values in files of that naming alone."""
    layer, part = name.removeprefix("diffusion_model.").split(".lora_")
    return f"lora_unet_{layer.replace('.', '_')}.lora_{ {'A': 'down', 'B': 'up'}[part[0]] }.weight"


def twice_file() -> None:
    """One block has its layers under both names, with other factors, and the next one under the original alone: the first ones count there."""
    source, tensors = generator(35), {}
    for layer in ["attention.to.q", "attention.to.k", "attention.to.v", "attention.to_out.0"]:
        tensors |= factors(source, f"diffusion_model.layers.0.{layer}", WIDTH, WIDTH, 2, "lora.down", "lora.up")
    for block in BLOCKS[:2]:
        for layer in ("attention.qkv", "attention.out"):
            tensors |= factors(source, f"diffusion_model.{block}.{layer}", *LAYERS[layer], 1, "lora.down", "lora.up")
    save("twice", tensors)


def lokr_file() -> None:
    """As ai-toolkit saves it: a whole matrix and two factors, or two whole matrices, beside whose the alpha does not count."""
    source, tensors = generator(36), {}
    for number, layer in enumerate(["attention.to_q", "attention.to_out.0", "attention.to_v"]):
        name = f"diffusion_model.layers.{number % 2}.{layer}"
        tensors[f"{name}.lokr_w1"] = random(source, 4, 4)
        if number < 2:
            tensors |= {f"{name}.lokr_w2_a": random(source, 4, 1), f"{name}.lokr_w2_b": random(source, 1, 4), f"{name}.alpha": torch.tensor(0.5)}
        else:
            tensors |= {f"{name}.lokr_w2": random(source, 4, 4), f"{name}.alpha": torch.tensor(1e10)}
    save("lokr", tensors)


def run(case: dict) -> dict:
    pipe = pipeline()
    for name, _ in case["loras"]:
        tensors = load_file(HOME / f"{name}.safetensors")
        file = {renamed(key): value for key, value in tensors.items()} if name == "comfyui" else HOME / f"{name}.safetensors"
        pipe.load_lora_weights(file, adapter_name=name, low_cpu_mem_usage=False)
    if case["loras"]:
        pipe.set_adapters([name for name, _ in case["loras"]], [weight for _, weight in case["loras"]])
    pipe.to(dtype=torch.float32)  # peft computes in the type of the adapter's file
    tensors, steps, forward = {}, [], pipe.transformer.forward

    def record(x, t, *more, **options):
        answer = forward(x, t, *more, **options)
        # What the sampler sees; the row of the negative prompt first.
        tensors.setdefault("call", -torch.stack(answer[0][::-1]).squeeze(2))
        return answer

    pipe.transformer.forward = record
    pipe(
        case["prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"], num_inference_steps=case["steps"],
        generator=generator(case["seed"]), output_type="latent",
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(kept["latents"]) or {})
    return {**tensors, "latents": steps[-1]}


def refuse(message: str, *_) -> None:
    """diffusers warns of what it leaves out of a file."""
    raise AssertionError(message)


def main() -> None:
    peft_utils.logger.warning = refuse
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    peft_file()
    toolkit_file()
    kohya_file()
    comfyui_file()
    twice_file()
    lokr_file()
    found, cases = {}, []
    for case in CASES:
        case = {**case, "model": "z_image", "workflow": "text_to_image", "prompt": "a red apple on a green hill", "negative_prompt": None, "guidance_scale": 2.5, "width": 32,
                "height": 32, "steps": 4, "seed": 7}
        found[case["name"]] = run(case)
        cases.append(case)
    for name, tensors in found.items():
        assert name == "plain" or (tensors["call"] - found["plain"]["call"]).abs().max() > 0.05, name
    save_tensors(HOME / "io.safetensors", {f"{name}/{key}": value for name, tensors in found.items() for key, value in tensors.items()})
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
