"""IP-Adapters beside LoRAs and ControlNets of the same request: the trajectory and the picture."""

import shutil

import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from PIL import Image

import ip_adapter
import lora
from fixtures import OUT, generator, save_cases, save_tensors
from images import HOME as PICTURES
from pipeline import NEGATIVE, PROMPT, SEED

HOME = OUT / "ip_adapter_beside"
NETS = OUT / "controlnets/sd1"
WIDTH, HEIGHT = 64, 48  # of the picture that steers

SEEN = [[ip_adapter.PLAIN, ["bordered.png"], 0.8]]
STYLED = [["peft", 0.8]]
STEERED = [{"name": "edges", "scale": 0.8, "end": 0.75}]
CASES = [
    {"name": "none", "adapters": [], "loras": [], "controls": []},
    {"name": "lora", "adapters": SEEN, "loras": STYLED, "controls": []},
    {"name": "net", "adapters": SEEN, "loras": [], "controls": STEERED},
    {"name": "all", "adapters": [[ip_adapter.PLUS, ["photo.png"], 0.7]], "loras": STYLED, "controls": STEERED},
]


def pipeline(case: dict):
    nets = {"controlnet": ControlNetModel.from_pretrained(NETS / case["controls"][0]["name"])} if case["controls"] else {}
    kind = StableDiffusionControlNetPipeline if nets else StableDiffusionPipeline
    pipe = kind.from_pretrained(OUT / "checkpoints/sd1", torch_dtype=torch.float32, safety_checker=None, **nets)
    pipe.set_progress_bar_config(disable=True)
    for name, weight in case["loras"]:
        pipe.load_lora_weights(lora.HOME, weight_name=f"{name}.safetensors", adapter_name=name)
        pipe.set_adapters([name], [weight])
    for name, _, scale in case["adapters"]:
        pipe.load_ip_adapter(
            str(ip_adapter.HOME), subfolder="models", weight_name=f"{name}.safetensors", image_encoder_folder="image_encoder")
        pipe.set_ip_adapter_scale([scale])
    return pipe.to(dtype=torch.float32)


def run(case: dict) -> tuple[dict, Image.Image]:
    pipe, steps, more = pipeline(case), [], {}

    def record(pipe, step, timestep, found):
        steps.append(found["latents"])
        return found

    for _, pictures, _ in case["adapters"]:
        more["ip_adapter_image"] = [[Image.open(PICTURES / name) for name in pictures]]
    for control in case["controls"]:
        more |= {"image": Image.open(PICTURES / "photo.png").convert("RGB"),
                 "controlnet_conditioning_scale": control["scale"], "control_guidance_end": control["end"]}
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=5.0, num_inference_steps=case["steps"], width=WIDTH, height=HEIGHT,
        generator=generator(SEED), callback_on_step_end=record, **more).images[0]
    return {f"step {number}": steps[number] for number in (0, len(steps) - 1)}, image


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": "text_to_image", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 8,
                "guidance_scale": 5.0, "width": WIDTH, "height": HEIGHT, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
