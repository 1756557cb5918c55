"""ControlNets with diffusers' own pipelines: what a net and the UNet answer, trajectories and pictures, of tiny random nets."""

import shutil

import numpy as np
import torch
from diffusers import (
    ControlNetModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetInpaintPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
    UNet2DConditionModel,
)
from diffusers.loaders import single_file_utils as theirs
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel
from PIL import Image

from checkpoints import randomize
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED
from single_files import unet_name

HOME = OUT / "controlnets"
PHOTO, MASK = OUT / "images/photo.png", OUT / "images/mask.png"
MODELS = {"sd1": OUT / "checkpoints/sd1", "sd2": OUT / "checkpoints/sd2", "sdxl": OUT / "sdxl"}
MODELS["nine"] = MODELS["sd1"]  # with the UNet of an inpainting model
NETS = {
    "edges": {"model": "sd1", "seed": 51},
    "shapes": {"model": "sd1", "seed": 52},
    "pooled": {"model": "sd1", "seed": 53, "global_pool_conditions": True, "controlnet_conditioning_channel_order": "bgr"},
    "xl-edges": {"model": "sdxl", "seed": 54},
    "lines": {"model": "sd2", "seed": 55},
}
EDGES = {"name": "edges", "scale": 0.8, "start": 0.0, "end": 1.0, "guess": False}
CASES = [
    {"name": "text", "model": "sd1", "controls": [EDGES]},
    {"name": "part", "model": "sd1", "controls": [{**EDGES, "scale": 1.5, "start": 0.25, "end": 0.75}]},
    {"name": "two", "model": "sd1", "controls": [{**EDGES, "end": 0.5}, {**EDGES, "name": "shapes", "scale": 0.6, "start": 0.2}]},
    {"name": "guess", "model": "sd1", "controls": [{**EDGES, "guess": True}]},
    {"name": "pooled", "model": "sd1", "controls": [{**EDGES, "name": "pooled", "scale": 1.0}]},
    {"name": "unguided", "model": "sd1", "controls": [EDGES], "guidance_scale": 1.0},
    {"name": "image", "model": "sd1", "controls": [EDGES], "strength": 0.6},
    {"name": "inpaint", "model": "sd1", "controls": [{**EDGES, "scale": 0.5}], "strength": 1.0, "mask": True},
    {"name": "nine", "model": "nine", "controls": [EDGES], "strength": 1.0, "mask": True},
    {"name": "sd2", "model": "sd2", "controls": [{**EDGES, "name": "lines"}]},
    {"name": "xl", "model": "sdxl", "controls": [{**EDGES, "name": "xl-edges", "scale": 0.5}]},
]
ANSWERS = {"text", "guess", "pooled", "xl"}  # whose nets' answers are recorded


def net(model: str, seed: int, **config) -> ControlNetModel:
    unet = UNet2DConditionModel.from_pretrained(MODELS[model], subfolder="unet", torch_dtype=torch.float32)
    widths = (4, 8) if model == "sd2" else (4, 8, 12)  # to the size of the latents of its autoencoder
    made = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=widths, load_weights_from_unet=False)
    made = randomize(ControlNetModel.from_config({**made.config, **config}), seed)
    for layer in [*made.controlnet_down_blocks, made.controlnet_mid_block]:
        layer.weight.mul_(0.5)
    return made


def nets() -> None:
    for name, config in NETS.items():
        net(**config).half().save_pretrained(HOME / config["model"] / name)


def pipeline(case: dict):
    loaded = [ControlNetModel.from_pretrained(HOME / NETS[use["name"]]["model"] / use["name"], torch_dtype=torch.float32)
              for use in case["controls"]]
    options = {"add_watermarker": False} if case["model"] == "sdxl" else {"safety_checker": None}
    if case["model"] == "nine":
        options["unet"] = UNet2DConditionModel.from_pretrained(OUT / "images/unet-inpaint", torch_dtype=torch.float32)
    kind = (StableDiffusionXLControlNetPipeline if case["model"] == "sdxl"
            else StableDiffusionControlNetInpaintPipeline if "mask" in case
            else StableDiffusionControlNetImg2ImgPipeline if "strength" in case else StableDiffusionControlNetPipeline)
    controlnet = loaded[0] if len(loaded) == 1 else MultiControlNetModel(loaded)
    pipe = kind.from_pretrained(MODELS[case["model"]], controlnet=controlnet, torch_dtype=torch.float32, **options)
    scheduler = EulerDiscreteScheduler if case["model"] == "sdxl" else DDIMScheduler
    pipe.scheduler = scheduler.from_pretrained(MODELS[case["model"]], subfolder="scheduler")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def recorded(owner, calls: list, keep) -> None:
    """Keeps the first call of a network."""
    forward = owner.forward

    def record(*args, **inputs):
        answer = forward(*args, **inputs)
        if not calls:
            calls.append(keep(args, inputs, answer))
        return answer

    owner.forward = record


def flat(answer) -> torch.Tensor:
    """All that a net gives for a row, one after the other."""
    down, mid = answer[0], answer[1]
    return torch.cat([one.flatten(1) for one in [*down, mid]], 1)


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe, photo, controls = pipeline(case), Image.open(PHOTO).convert("RGB"), case["controls"]
    net_calls, unet_calls, steps = [], [], []
    recorded(pipe.controlnet, net_calls, lambda args, inputs, answer: {
        "image": inputs["controlnet_cond"][:1], "residuals": flat(answer)})
    recorded(pipe.unet, unet_calls, lambda args, inputs, answer: {
        "sample": args[0], "timestep": args[1].float(), "states": inputs["encoder_hidden_states"], "output": answer[0],
        **({key: inputs["added_cond_kwargs"][key] for key in ("text_embeds", "time_ids")} if case["model"] == "sdxl" else {})})
    several = lambda key: [use[key] for use in controls] if len(controls) > 1 else controls[0][key]
    shown = [photo] * len(controls) if len(controls) > 1 else photo
    size = {"width": case["width"], "height": case["height"]}
    if "mask" in case:
        told = {"image": photo, "mask_image": Image.open(MASK), "control_image": shown, "strength": case["strength"], **size}
    elif "strength" in case:
        resized = photo.resize((case["width"], case["height"]), Image.Resampling.LANCZOS)
        told = {"image": resized, "control_image": shown, "strength": case["strength"], **size}
    else:
        told = {"image": shown, **size}
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
        generator=generator(SEED), controlnet_conditioning_scale=several("scale"), control_guidance_start=several("start"),
        control_guidance_end=several("end"), guess_mode=controls[0]["guess"], **told,
        callback_on_step_end=lambda pipe, step, timestep, kept: steps.append(kept["latents"]) or {}).images[0]
    case["recorded"] = sorted({0, 1, len(steps) // 2, len(steps) - 1})
    found = {f"net/{key}": value for key, value in net_calls[0].items() if case["name"] in ANSWERS}
    found |= {f"call/{key}": value for key, value in unet_calls[0].items()}
    return {**found, **{f"step {step}": steps[step] for step in case["recorded"]}}, image


def original_names() -> dict:
    """Of a net's tensors in diffusers' naming, their names in lllyasviel/ControlNet. diffusers' conversion has to give them back."""
    net = ControlNetModel.from_pretrained(HOME / "sd1/edges")
    hints = [name for name in net.state_dict() if name.startswith("controlnet_cond_embedding.") and name.endswith(".weight")]
    names = {}
    for name in net.state_dict():
        module, _, last = name.rpartition(".")
        if module.startswith("controlnet_cond_embedding."):
            part = module.removeprefix("controlnet_cond_embedding.")
            number = {"conv_in": 0, "conv_out": len(hints) - 1}.get(part)
            number = int(part.split(".")[1]) + 1 if number is None else number
            names[name] = f"control_model.input_hint_block.{2 * number}.{last}"
        elif module.startswith("controlnet_down_blocks."):
            names[name] = f"control_model.zero_convs.{module.split('.')[1]}.0.{last}"
        elif module == "controlnet_mid_block":
            names[name] = f"control_model.middle_block_out.0.{last}"
        else:
            names[name] = "control_model." + unet_name(name, net.config)[1]
    back = theirs.convert_controlnet_checkpoint({names[name]: value for name, value in net.state_dict().items()}, net.config)
    for name, value in net.state_dict().items():
        # Theirs looks for the last of eight layers.
        assert name.startswith("controlnet_cond_embedding.conv_out") or torch.equal(back[name], value), name
    return names


def edges() -> None:
    """OpenCV's, of the photo as it is and of steps of grey."""
    import cv2  # here, so that other scripts do not need it

    steps = np.kron(np.arange(0, 250, 25, dtype="uint8").reshape(2, 5), np.ones((9, 11), dtype="uint8"))
    Image.fromarray(steps).save(HOME / "steps.png", optimize=True)
    for name, picture in (("photo", np.array(Image.open(PHOTO).convert("RGB"))), ("steps", np.stack([steps] * 3, -1))):
        Image.fromarray(cv2.Canny(picture, 100, 200)).save(HOME / f"{name}-canny.png", optimize=True)


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    nets()
    save_json(HOME / "original.json", original_names())
    edges()
    tensors, cases = {}, []
    for case in CASES:
        case = {"guidance_scale": 5.0, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 8, "width": 64,
                "height": 48, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
