"""SDXL's base and refiner as ComfyUI's template runs them: two KSamplerAdvanced, the second of which goes on with the noise that is left.

The checkpoint is that of sdxl_refiner.py. ComfyUI's sampling is written down in comfy_schedules.py. Texts without weights have the states
that diffusers gives them.
"""

import torch
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel

import comfy_schedules
from comfy_schedules import Table, schedule
from fixtures import generator, save_cases, save_tensors
from pipeline import save_picture
from sdxl_refiner import HOME, REFINER
from sdxl import WIDTHS

CASES = [
    {"name": "euler", "sampler": "euler", "scheduler": "normal", "steps": 8, "end": 6, "cfg": 5.0, "refiner_cfg": 3.0,
     "told": [96, 80], "scores": [7.5, 1.5]},
    {"name": "heun", "sampler": "heun", "scheduler": "karras", "steps": 6, "end": 4, "cfg": 4.0, "refiner_cfg": 4.0,
     "told": [64, 48], "scores": [6.0, 2.5]},
    {"name": "dpm_2", "sampler": "dpm_2", "scheduler": "simple", "steps": 5, "end": 3, "cfg": 1.0, "refiner_cfg": 1.0,
     "told": [64, 48], "scores": [6.0, 2.5]},
    {"name": "dpmpp_2m", "sampler": "dpmpp_2m", "scheduler": "sgm_uniform", "steps": 7, "end": 4, "cfg": 5.0, "refiner_cfg": 6.0,
     "told": [64, 48], "scores": [6.0, 2.5]},
]
SAME = {"prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "width": 64, "height": 48, "seed": 11}


class Model:
    """x0 as ComfyUI's CFG computes it of a network that predicts noise."""

    def __init__(self, table: Table, unet, scale: float, states: list, pooled: list, ids: list):
        self.table, self.unet, self.scale = table, unet, scale
        self.branches = list(zip(states, pooled, ids))

    def __call__(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        scaled = x / (sigma**2 + 1) ** 0.5
        clean = [x - sigma * self.unet(
            scaled, torch.tensor([float(self.table.timestep(sigma))]), state,
            added_cond_kwargs={"text_embeds": pooled, "time_ids": torch.tensor([numbers])}).sample
            for state, pooled, numbers in self.branches[:2 if self.scale > 1 else 1]]
        return clean[0] if len(clean) == 1 else clean[1] + (clean[0] - clean[1]) * self.scale


def run(pipe, refiner, case: dict) -> tuple[dict, torch.Tensor]:
    positive, negative, pooled, negative_pooled = pipe.encode_prompt(
        case["prompt"], negative_prompt=case["negative_prompt"], do_classifier_free_guidance=True)
    states, vectors = [positive, negative], [pooled, negative_pooled]
    table = Table("scaled_linear")
    sigmas = schedule(table, case["sampler"], case["scheduler"], case["steps"])
    sample = getattr(comfy_schedules, case["sampler"])
    height, width = float(case["height"]), float(case["width"])
    base = Model(table, pipe.unet, case["cfg"], states, vectors, [[height, width, 0.0, 0.0, height, width]] * 2)
    scale = pipe.vae_scale_factor
    noise = torch.randn([1, 4, case["height"] // scale, case["width"] // scale], generator=generator(case["seed"]))
    first = sigmas[0]
    largest = torch.isclose(first, table.most, rtol=1e-5) or first > table.most
    left = sample(base, noise * ((1 + first**2) ** 0.5 if largest else first), sigmas[:case["end"] + 1], None)
    told = [float(case["told"][1]), float(case["told"][0]), 0.0, 0.0]
    model = Model(table, refiner, case["refiner_cfg"], [state[..., -WIDTHS[1]:] for state in states], vectors,
                  [[*told, score] for score in case["scores"]])
    done = sample(model, left, sigmas[case["end"]:], None)
    image = pipe.vae.decode(done / pipe.vae.config.scaling_factor).sample
    return {"base": left[0], "refiner": done[0]}, image


def main() -> None:
    torch.set_grad_enabled(False)
    pipe = StableDiffusionXLPipeline.from_pretrained(HOME, torch_dtype=torch.float32, add_watermarker=False)
    refiner = UNet2DConditionModel.from_pretrained(REFINER / "unet")
    tensors, cases = {}, []
    for case in CASES:
        case = {**case, **SAME}
        found, image = run(pipe, refiner, case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        cases.append(case)
        if case["name"] == "euler":
            save_picture(HOME / "pictures/comfyui.png", image)
    save_tensors(HOME / "pictures/comfyui.safetensors", tensors)
    save_cases(HOME / "pictures/comfyui.json", cases)


if __name__ == "__main__":
    main()
