"""T2I-Adapters with diffusers' own pipelines: features, what the UNet answers, trajectories and pictures, of tiny random adapters."""

import shutil

import torch
from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    MultiAdapter,
    StableDiffusionAdapterPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLAdapterPipeline,
    T2IAdapter,
    UNet2DConditionModel,
)
from diffusers.pipelines.t2i_adapter.pipeline_stable_diffusion_adapter import _preprocess_adapter_image
from PIL import Image

from checkpoints import randomize
from control import HOME as CONTROLNETS
from control import MODELS, PHOTO, recorded
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED

HOME = OUT / "t2i_adapters"
ADAPTERS = {
    "full": {"model": "sd1", "seed": 61, "channels": [8, 16, 16], "downscale_factor": 4},
    "grey": {"model": "sd1", "seed": 62, "channels": [8, 16, 16], "downscale_factor": 4, "in_channels": 1},
    "light": {"model": "sd1", "seed": 63, "channels": [8, 16], "downscale_factor": 4, "adapter_type": "light_adapter",
              "num_res_blocks": 4},
    "sd2-full": {"model": "sd2", "seed": 64, "channels": [16, 32], "downscale_factor": 2},
    "xl-full": {"model": "sdxl", "seed": 65, "channels": [8, 16, 16, 16], "downscale_factor": 8,
                "adapter_type": "full_adapter_xl"},
}
FULL = {"name": "full", "scale": 0.8, "end": 1.0}
CASES = [
    {"name": "text", "model": "sd1", "controls": [FULL]},
    {"name": "light", "model": "sd1", "controls": [{**FULL, "name": "light", "scale": 1.2}]},
    {"name": "two", "model": "sd1", "controls": [{**FULL, "scale": 0.6}, {**FULL, "name": "grey"}]},
    {"name": "unguided", "model": "sd1", "controls": [{**FULL, "name": "grey", "scale": 1.0}], "guidance_scale": 1.0},
    {"name": "odd", "model": "sd1", "controls": [{**FULL, "name": "light"}], "width": 72, "height": 56},
    {"name": "sd2", "model": "sd2", "controls": [{**FULL, "name": "sd2-full"}]},
    {"name": "xl", "model": "sdxl", "controls": [{**FULL, "name": "xl-full"}]},
    {"name": "xl-part", "model": "sdxl", "controls": [{**FULL, "name": "xl-full", "scale": 1.5, "end": 0.45}]},
]
SIZE = {"width": 64, "height": 48}


def adapters() -> None:
    for name, config in ADAPTERS.items():
        config = dict(config)
        model, seed = config.pop("model"), config.pop("seed")
        made = randomize(T2IAdapter(**{"num_res_blocks": 2, **config}), seed)
        for parameter in made.parameters():
            parameter.mul_(0.7)
        made.half().save_pretrained(HOME / model / name)


def loaded(name: str) -> T2IAdapter:
    return T2IAdapter.from_pretrained(HOME / ADAPTERS[name]["model"] / name, torch_dtype=torch.float32)


def shown(name: str, size: dict) -> Image.Image:
    """What an adapter sees: the photo at the size that is made."""
    photo = Image.open(PHOTO).convert("RGB").resize((size["width"], size["height"]), Image.Resampling.LANCZOS)
    return photo.convert("L") if ADAPTERS[name].get("in_channels") == 1 else photo


def pipeline(case: dict):
    each = [loaded(use["name"]) for use in case["controls"]]
    xl = case["model"] == "sdxl"
    kind = StableDiffusionXLAdapterPipeline if xl else StableDiffusionAdapterPipeline
    options = {} if xl else {"safety_checker": None, "requires_safety_checker": False, "feature_extractor": None}
    pipe = kind.from_pretrained(MODELS[case["model"]], adapter=each[0] if len(each) == 1 else MultiAdapter(each),
                                torch_dtype=torch.float32, **options)
    pipe.scheduler = (EulerDiscreteScheduler if xl else DDIMScheduler).from_pretrained(
        MODELS[case["model"]], subfolder="scheduler")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def unet_call(args, inputs, answer) -> dict:
    more = inputs.get("added_cond_kwargs") or {}
    return {"sample": args[0], "timestep": args[1].float(), "states": inputs["encoder_hidden_states"], "output": answer[0],
            **{key: more[key] for key in ("text_embeds", "time_ids") if key in more}}


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe, controls = pipeline(case), case["controls"]
    size = {"width": case["width"], "height": case["height"]}
    calls, steps = [], []
    recorded(pipe.unet, calls, unet_call)
    images = [shown(use["name"], size) for use in controls]
    several = len(controls) > 1
    told = {"adapter_conditioning_factor": controls[0]["end"]} if case["model"] == "sdxl" else {}
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
        generator=generator(SEED), image=images if several else images[0], **size, **told,
        adapter_conditioning_scale=[use["scale"] for use in controls] if several else controls[0]["scale"],
        callback=lambda step, timestep, latents: steps.append(latents.clone())).images[0]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    found = {f"call/{key}": value for key, value in calls[0].items()}
    return {**found, **{f"step {step}": steps[step] for step in case["recorded"]}}, image


def features(name: str, size: dict) -> torch.Tensor:
    """All that an adapter makes of the photo, one after the other."""
    seen = _preprocess_adapter_image(shown(name, size), size["height"], size["width"])
    return torch.cat([one.flatten() for one in loaded(name)(seen)])


def other_calls(call: dict) -> dict:
    """The UNet's answers to the first call of "text": with a ControlNet too, which no pipeline of diffusers has, with a LoRA too, and with
    nothing."""
    net = ControlNetModel.from_pretrained(CONTROLNETS / "sd1/edges", torch_dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(MODELS["sd1"], subfolder="unet", torch_dtype=torch.float32)
    seen = _preprocess_adapter_image(shown("full", SIZE), SIZE["height"], SIZE["width"])
    rows, told = len(call["sample"]), (call["sample"], call["timestep"], call["states"])
    down, mid = net(*told, controlnet_cond=torch.cat([seen] * rows), conditioning_scale=0.8, return_dict=False)
    added = [torch.cat([0.8 * one] * rows) for one in loaded("full")(seen)]
    both = unet(*told, down_block_additional_residuals=down, mid_block_additional_residual=mid,
                down_intrablock_additional_residuals=added).sample
    changed = StableDiffusionPipeline.from_pretrained(MODELS["sd1"], torch_dtype=torch.float32, safety_checker=None)
    changed.load_lora_weights(OUT / "lora", weight_name="peft.safetensors")
    changed = changed.to(dtype=torch.float32).unet(
        *told, down_intrablock_additional_residuals=[torch.cat([0.8 * one] * rows) for one in loaded("full")(seen)])
    return {"both/output": both, "plain/output": unet(*told).sample, "lora/output": changed.sample}


def original_names() -> dict:
    """Of adapters' tensors in diffusers' naming, their names in TencentARC/T2I-Adapter, as diffusers' convert_original_t2i_adapter.py."""
    names = {}
    for adapter in ("full", "light", "xl-full"):
        names[adapter] = {}
        for name in loaded(adapter).state_dict():
            parts = name.removeprefix("adapter.").split(".")
            if parts[0] == "body" and adapter == "light" and parts[2] == "resnets":
                parts[2] = "body"
            elif parts[0] == "body" and adapter != "light":
                inside = parts[2] == "resnets"
                number = 2 * int(parts[1]) + (int(parts[3]) if inside else 0)
                parts = ["body", str(number), *parts[4 if inside else 2:]]
            names[adapter][name] = ".".join(parts)
    return names


def published() -> dict:
    """The shapes of the weights of published sizes, by kind."""
    kinds = {"full_adapter": {}, "full_adapter_xl": {"downscale_factor": 16},
             "light_adapter": {"channels": [320, 640, 1280], "num_res_blocks": 4}}
    with torch.device("meta"):
        return {kind: {name: list(value.shape) for name, value in T2IAdapter(adapter_type=kind, **config).state_dict().items()}
                for kind, config in kinds.items()}


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    adapters()
    save_json(HOME / "original.json", original_names())
    save_json(HOME / "published.json", published())
    tensors, cases = {}, []
    for case in CASES:
        case = {"guidance_scale": 5.0, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 8, **SIZE, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    for name in ADAPTERS:
        tensors[f"features/{name}"] = features(name, SIZE)
    tensors["features/light of an odd size"] = features("light", {"width": 72, "height": 56})
    tensors |= other_calls({key: tensors[f"text/call/{key}"] for key in ("sample", "timestep", "states")})
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
