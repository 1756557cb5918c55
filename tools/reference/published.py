"""Whole pictures of StableDiffusionPipeline itself, with the schedulers that folders are published with."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)

from fixtures import OUT, generator, save_cases
from pipeline import NEGATIVE, PROMPT, SEED

BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# As Stable Diffusion 1.5 has it.
PNDM = {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", **BETAS, "set_alpha_to_one": False,
        "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None, "clip_sample": False}
DDIM = {"_class_name": "DDIMScheduler", **BETAS}
DDPM = {"_class_name": "DDPMScheduler", **BETAS}
EULER = {"_class_name": "EulerDiscreteScheduler", **BETAS}
ANCESTRAL = {"_class_name": "EulerAncestralDiscreteScheduler", **BETAS}
DPM = {"_class_name": "DPMSolverMultistepScheduler", **BETAS}

# What each sampler's name means: a class, and keys that the name decides whatever the folder says.
SAMPLERS = {
    "ddpm": (DDPMScheduler, {}),
    "ddim": (DDIMScheduler, {}),
    "pndm": (PNDMScheduler, {"skip_prk_steps": True}),
    "euler": (EulerDiscreteScheduler, {"use_karras_sigmas": False}),
    "euler_karras": (EulerDiscreteScheduler, {"use_karras_sigmas": True}),
    "euler_ancestral": (EulerAncestralDiscreteScheduler, {}),
    "dpmpp_2m": (DPMSolverMultistepScheduler,
                 {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": False}),
    "dpmpp_2m_karras": (DPMSolverMultistepScheduler,
                        {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True}),
    "pndm_prk": (PNDMScheduler, {"skip_prk_steps": False}),
    "lms": (LMSDiscreteScheduler, {}),
    "heun": (HeunDiscreteScheduler, {}),
    "kdpm2": (KDPM2DiscreteScheduler, {}),
    "kdpm2_ancestral": (KDPM2AncestralDiscreteScheduler, {}),
    "dpmpp_3m": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 3}),
    "dpmpp_2m_sde": (DPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "dpmpp_2s": (DPMSolverSinglestepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "deis": (DEISMultistepScheduler, {}),
    "unipc": (UniPCMultistepScheduler, {}),
    "heun:schedule=karras": (HeunDiscreteScheduler, {"use_karras_sigmas": True}),
    "dpmpp_2m:schedule=exponential": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2,
                                                                   "use_exponential_sigmas": True}),
    "unipc:schedule=beta": (UniPCMultistepScheduler, {"use_beta_sigmas": True}),
}


def cases():
    """(name, scheduler_config.json, more of the case): the folder's own scheduler unless a sampler is named."""
    yield "own-pndm", PNDM, {}
    yield "own-pndm-steps-offset-0", {**PNDM, "steps_offset": 0}, {}
    yield "own-pndm-few-keys", {"_class_name": "PNDMScheduler", **BETAS, "skip_prk_steps": True}, {}
    yield "own-pndm-v-prediction", {**PNDM, "prediction_type": "v_prediction"}, {"checkpoint": "sd2"}
    yield "own-ddim-few-keys", DDIM, {}
    yield "own-ddim-clip-sample", {**DDIM, "clip_sample": True, "steps_offset": 0, "set_alpha_to_one": False}, {}
    yield "own-ddim-zero-snr", {**DDIM, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                                "prediction_type": "v_prediction"}, {"checkpoint": "sd2"}
    yield "own-ddpm-few-keys", DDPM, {}
    yield "own-ddpm-fixed-large", {**DDPM, "variance_type": "fixed_large", "clip_sample": True, "clip_sample_range": 0.5}, {}
    yield "own-euler-leading", {**EULER, "timestep_spacing": "leading", "steps_offset": 0}, {}
    yield "own-euler-exponential", {**EULER, "use_exponential_sigmas": True}, {}
    yield "own-euler-karras-sigma-range", {**EULER, "use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 10.0}, {}
    yield "own-euler-a", {**ANCESTRAL, "use_karras_sigmas": True, "thresholding": True}, {}
    yield "own-dpmpp", {**DPM, "solver_type": "heun", "euler_at_final": True, "final_sigmas_type": "sigma_min"}, {}
    yield "own-dpmpp-karras-sigma-range", {**DPM, "use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 10.0}, {}
    yield "own-dpmpp-exponential", {**DPM, "use_exponential_sigmas": True, "solver_type": "bh2"}, {}
    # The class that runs is the one in model_index.json.
    yield "index-decides", {**DDIM, "skip_prk_steps": True, "clip_sample": True}, {"index": "PNDMScheduler"}
    for sampler in SAMPLERS:
        yield f"asked-{sampler.replace(':schedule=', '-')}", PNDM, {"sampler": sampler}
    multistep = {**DPM, "solver_order": 3, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}
    yield "asked-dpmpp_2m-of-third-order", multistep, {"sampler": "dpmpp_2m"}
    yield "asked-ddim-clip-sample", {**EULER, "clip_sample": True, "steps_offset": 0}, {"sampler": "ddim"}
    yield "own-unipc", {"_class_name": "UniPCMultistepScheduler", **BETAS, "solver_order": 3, "disable_corrector": [0]}, {}
    yield "own-singlestep", {"_class_name": "DPMSolverSinglestepScheduler", **BETAS, "solver_order": 3}, {"steps": 11}
    yield "own-dpm-noise", {**DPM, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": 3}, {}
    yield "own-pndm-prk", {"_class_name": "PNDMScheduler", **BETAS}, {}
    # StableDiffusionPipeline does not look at it.
    yield "vae-shift-factor", PNDM, {"vae_config": {"shift_factor": 0.5}}


def edit(file: Path, keys: dict) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **keys}))


def picture(case: dict):
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "model"
        shutil.copytree(OUT / "checkpoints" / case["checkpoint"], home)
        (home / "scheduler/scheduler_config.json").write_text(json.dumps(case["scheduler_config"]))
        edit(home / "model_index.json", {"scheduler": ["diffusers", case["index"]]})
        edit(home / "vae/config.json", case["vae_config"])
        options = {}
        if case["sampler"]:
            scheduler, keys = SAMPLERS[case["sampler"]]
            options = {"scheduler": scheduler.from_pretrained(home, subfolder="scheduler", **keys)}
        pipeline = StableDiffusionPipeline.from_pretrained(home, safety_checker=None, **options)
        scale = pipeline.vae_scale_factor
        height, width = (side * scale for side in case["latent"])
        return pipeline(case["prompt"], negative_prompt=case["negative_prompt"], height=height, width=width,
                        num_inference_steps=case["steps"], guidance_scale=case["guidance_scale"],
                        generator=generator(case["seed"])).images[0]


def main() -> None:
    torch.set_grad_enabled(False)
    written = []
    for name, config, more in cases():
        case = {"name": name, "checkpoint": "sd1", "sampler": None, "index": config["_class_name"], "vae_config": {},
                "guidance_scale": 7.5, "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": SEED, "steps": 10, **more}
        case["latent"] = [16, 16] if case["checkpoint"] == "sd2" else [8, 12]
        case["scheduler_config"] = config
        file = OUT / "published" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(case).save(file, optimize=True)
        written.append(case)
    save_cases(OUT / "published/published.json", written)


if __name__ == "__main__":
    main()
