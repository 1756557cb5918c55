"""Flux.1 and Stable Diffusion 3 along ComfyUI's noise levels (comfy_flows.py), by diffusers' pipelines with another scheduler in them. The
checkpoints are those of flux.py and sd3.py. Texts have the lengths that diffusers gives them.
"""

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, StableDiffusion3Pipeline

from comfy_flows import DiscreteFlow, Flux, levels
from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import save_picture

SAME = {"workflow": "text_to_image", "width": 48, "height": 32, "seed": 7}
CASES = {
    "flux": [
        {"name": "dev", "checkpoint": "dev", "prompt": "an astronaut riding a horse", "negative_prompt": None, "guidance_scale": 3.5, "steps": 7,
         "scheduler": "simple", "method": "euler"},
        {"name": "schnell", "checkpoint": "schnell", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "steps": 4,
         "scheduler": "beta", "method": "euler"},
    ],
    "sd3": [
        {"name": "sgm", "checkpoint": "sd3", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 4.5,
         "steps": 8, "scheduler": "sgm_uniform", "method": "dpmpp_2m"},
    ],
}
TABLES = {"dev": Flux(1.15), "schnell": DiscreteFlow(1.0), "sd3": DiscreteFlow(3.0)}


class ComfyScheduler(FlowMatchEulerDiscreteScheduler):
    """Levels and steps of a case, whatever the pipeline says."""

    def follow(self, case: dict) -> "ComfyScheduler":
        self.case = case
        return self

    def set_timesteps(self, num_inference_steps=None, device=None, sigmas=None, mu=None):
        self.sigmas = levels(TABLES[self.case["checkpoint"]], self.case["scheduler"], self.case["steps"])
        self.timesteps = self.sigmas[:-1] * 1000
        self.num_inference_steps = len(self.timesteps)
        self.done, self.before = 0, None

    def step(self, output, timestep, sample, return_dict=True, **kwargs):
        now, then = self.sigmas[self.done], self.sigmas[self.done + 1]
        clean = sample - now * output
        if self.case["method"] == "euler":
            after = sample + (sample - clean) / now * (then - now)
        else:
            used, stride = clean, now.log() - then.log()
            if self.before is not None and then > 0:
                ratio = (self.sigmas[self.done - 1].log() - now.log()) / stride
                used = (1 + 1 / (2 * ratio)) * clean - 1 / (2 * ratio) * self.before
            after = then / now * sample - (-stride).expm1() * used
        self.done, self.before = self.done + 1, clean
        return (after,)


def run(family: str, case: dict) -> tuple[dict, torch.Tensor]:
    kind = FluxPipeline if family == "flux" else StableDiffusion3Pipeline
    pipe = kind.from_pretrained(OUT / family / case["checkpoint"], torch_dtype=torch.float32)
    pipe.scheduler = ComfyScheduler.from_config(pipe.scheduler.config).follow(case)
    pipe.set_progress_bar_config(disable=True)
    steps = []

    def step(pipe, number, timestep, kept):
        latents = kept["latents"]
        steps.append(pipe._unpack_latents(latents, case["height"], case["width"], pipe.vae_scale_factor) if family == "flux" else latents)
        return {}

    negative = {} if case["negative_prompt"] is None else {"negative_prompt": case["negative_prompt"]}
    image = pipe(
        case["prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"], num_inference_steps=case["steps"],
        generator=generator(case["seed"]), output_type="pt", callback_on_step_end=step, **negative).images
    return {"step 0": steps[0], "end": steps[-1]}, image * 2 - 1


def main() -> None:
    for family, cases in CASES.items():
        tensors, index = {}, []
        for case in cases:
            case = {**SAME, **case, "sampler": f"flow_{case['method']}:schedule=comfyui_{case['scheduler']}"}
            found, image = run(family, case)
            tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
            save_picture(OUT / family / f"comfyui-{case['name']}.png", image)
            index.append(case)
        save_tensors(OUT / family / "comfyui.safetensors", tensors)
        save_cases(OUT / family / "comfyui.json", index)


if __name__ == "__main__":
    main()
