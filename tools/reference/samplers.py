"""Whole trajectories of diffusers' schedulers, driven by a fake model (see README.md), one row of numbers per step."""

import math

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)

from fixtures import OUT, generator, save_cases, save_tensors

SAMPLERS = {
    "ddpm": DDPMScheduler,
    "ddim": DDIMScheduler,
    "euler": EulerDiscreteScheduler,
    "euler_a": EulerAncestralDiscreteScheduler,
    "dpmpp_2m": DPMSolverMultistepScheduler,
}
CLASSES = {**SAMPLERS, "pndm": PNDMScheduler}
SHAPE = [1, 4, 2, 3]  # 24 values: normals for it take the path of sizes that 16 does not divide
PATTERN = torch.sin(1.7 * torch.arange(math.prod(SHAPE)) + 0.3).reshape(SHAPE)

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False}
LINEAR = {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "clip_sample": False}
COSINE = {"beta_schedule": "squaredcos_cap_v2", "clip_sample": False}
STARTER = {
    "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "squaredcos_cap_v2", "clip_sample": False,
    "set_alpha_to_one": True, "steps_offset": 0, "prediction_type": "v_prediction", "thresholding": False,
    "timestep_spacing": "trailing", "rescale_betas_zero_snr": False, "num_train_timesteps": 1000,
}
SPACINGS = {
    "leading1": {"timestep_spacing": "leading", "steps_offset": 1},
    "leading0": {"timestep_spacing": "leading", "steps_offset": 0},
    "trailing": {"timestep_spacing": "trailing"},
    "linspace": {"timestep_spacing": "linspace"},
}
ZERO_SNR = {**SD, "prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}


def fake_model(scaled: torch.Tensor, timestep) -> torch.Tensor:
    return 0.4 * scaled + 0.6 * math.cos(3 * float(timestep) / 1000) * PATTERN


class AncestralOfSamples(EulerAncestralDiscreteScheduler):
    """diffusers refuses prediction_type "sample" here. The step depends on x0 alone, so x0 enters as its epsilon."""

    def step(self, model_output, timestep, sample, **options):
        sigma = self.sigmas[self._step_index]
        return super().step((sample - model_output) / sigma, timestep, sample, **options)


def scheduler_for(sampler: str, config: dict):
    """As diffusers swaps samplers: keys that the class does not know are dropped, missing ones take its defaults."""
    if sampler == "euler_a" and config.get("prediction_type") == "sample":
        return AncestralOfSamples.from_config({**config, "prediction_type": "epsilon"})
    return CLASSES[sampler].from_config(config)


def original(scheduler, step, sample, output, timestep):
    """The clean sample that the model's output implies, which PNDM does not tell."""
    if isinstance(scheduler, DPMSolverMultistepScheduler):
        return scheduler.model_outputs[-1]
    if not isinstance(scheduler, PNDMScheduler):
        return step.pred_original_sample
    alpha = scheduler.alphas_cumprod[timestep]
    if scheduler.config.prediction_type == "v_prediction":
        return alpha**0.5 * sample - (1 - alpha)**0.5 * output
    return (sample - (1 - alpha)**0.5 * output) / alpha**0.5


def trajectory(sampler: str, config: dict, steps: int, eta: float, seed: int) -> dict:
    scheduler = scheduler_for(sampler, config)
    source = generator(seed)
    options = {"eta": eta} if sampler == "ddim" else {}
    if sampler not in ("dpmpp_2m", "pndm"):
        options["generator"] = source
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):  # or two equal first timesteps (Karras, cosine) start it at the second
        scheduler.set_begin_index(0)
    sample = torch.randn(SHAPE, generator=source) * scheduler.init_noise_sigma
    rows = {"samples": [sample], "scaled": [], "outputs": [], "noise": [], "x0": []}
    drawn = []
    for index, timestep in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(sample, timestep)
        output = fake_model(scaled, timestep)
        before = source.clone_state()
        step = scheduler.step(output, timestep, sample, **options)
        noise = torch.zeros(SHAPE)
        if not torch.equal(before.get_state(), source.get_state()):
            noise = torch.randn(SHAPE, generator=before)
            drawn.append(index)
        sample = step.prev_sample
        x0 = original(scheduler, step, scaled, output, timestep)
        for name, value in zip(rows, (sample, scaled, output, noise, x0)):
            rows[name].append(value)
    assert len(rows["outputs"]) == len(scheduler.timesteps) and all(v.isfinite().all() for v in rows["samples"])
    tensors = {name: torch.stack(values) for name, values in rows.items()}
    if not drawn:
        del tensors["noise"]
    if not sampler.startswith("euler"):  # the others show the model the sample as it is
        del tensors["scaled"]
    if hasattr(scheduler, "sigmas"):
        tensors["sigmas"] = scheduler.sigmas
    tensors["timesteps"] = scheduler.timesteps.to(torch.float32)
    return {"tensors": tensors, "noise_drawn_at": drawn, "init_noise_sigma": float(scheduler.init_noise_sigma)}


def cases():
    """(name, sampler, steps, config, eta)"""
    grid = [(s, 0.0, s) for s in SAMPLERS] + [("ddim", 0.5, "ddim-eta")]
    for sampler, eta, label in grid:
        for prediction in ("epsilon", "v_prediction", "sample"):
            for spacing, keys in SPACINGS.items():
                for steps in (5, 20):
                    config = {**SD, **keys, "prediction_type": prediction}
                    yield f"{label}/{prediction}/{spacing}/{steps}", sampler, steps, config, eta
        for steps in (1, 2, 7, 50):  # 7 does not divide 1000
            for spacing in ("leading1", "trailing", "linspace"):
                if steps != 50 or spacing == "leading1":
                    yield f"{label}/sd/{spacing}/{steps}", sampler, steps, {**SD, **SPACINGS[spacing]}, eta
        for steps in (5, 20):
            leading = SPACINGS["leading1"]
            yield f"{label}/linear/{steps}", sampler, steps, {**LINEAR, **leading}, eta
            yield f"{label}/cosine/{steps}", sampler, steps, {**COSINE, **leading}, eta
            yield f"{label}/cosine-sample/{steps}", sampler, steps, {
                **COSINE, "prediction_type": "sample", "timestep_spacing": "linspace"}, eta
            yield f"{label}/zero-snr/{steps}", sampler, steps, ZERO_SNR, eta
        for steps in (8, 25):
            yield f"{label}/starter/{steps}", sampler, steps, STARTER, eta
        # Only what names the training: every other value is the class's own default.
        yield f"{label}/defaults/10", sampler, 10, {"_class_name": SAMPLERS[sampler].__name__}, eta
    for steps in (5, 20):
        for clip in (1.0, 0.5):
            config = {**SD, **SPACINGS["leading1"], "clip_sample": True, "clip_sample_range": clip}
            for sampler, eta, label in (("ddpm", 0.0, "ddpm"), ("ddim", 0.0, "ddim"), ("ddim", 0.5, "ddim-eta")):
                yield f"{label}/clip-{clip}/{steps}", sampler, steps, config, eta
        for spacing in SPACINGS:
            config = {**SD, **SPACINGS[spacing], "set_alpha_to_one": False}
            yield f"ddim/alpha-not-one/{spacing}/{steps}", "ddim", steps, config, 0.0
            for sampler in ("euler", "dpmpp_2m"):
                config = {**SD, **SPACINGS[spacing], "use_karras_sigmas": True}
                yield f"{sampler}/karras/{spacing}/{steps}", sampler, steps, config, 0.0
        for sampler in ("euler", "dpmpp_2m"):
            config = {**STARTER, "use_karras_sigmas": True}
            yield f"{sampler}/karras/starter/{steps}", sampler, steps, config, 0.0
            config = {**SD, **SPACINGS["leading1"], "final_sigmas_type": "sigma_min"}
            yield f"{sampler}/sigma-min/{steps}", sampler, steps, config, 0.0
        config = {**SD, **SPACINGS["leading1"], "variance_type": "fixed_large"}
        yield f"ddpm/fixed-large/{steps}", "ddpm", steps, config, 0.0
        config = {**COSINE, "prediction_type": "v_prediction", "lambda_min_clipped": -5.1}
        yield f"dpmpp_2m/lambda-clipped/{steps}", "dpmpp_2m", steps, config, 0.0
    for sampler in SAMPLERS:  # 62.5 training steps each: halves round to even
        yield f"{sampler}/sd/trailing/16", sampler, 16, {**SD, **SPACINGS["trailing"]}, 0.0


def main() -> None:
    tensors, index = {"pattern": PATTERN}, []
    for label, config in (("scaled_linear", SD), ("linear", LINEAR), ("squaredcos_cap_v2", COSINE)):
        for zero_snr in (False, True):
            scheduler = DDIMScheduler.from_config({**config, "rescale_betas_zero_snr": zero_snr})
            tensors[f"alphas_cumprod/{label}{'/zero-snr' * zero_snr}"] = scheduler.alphas_cumprod
    for number, (name, sampler, steps, config, eta) in enumerate(cases()):
        config = {"_class_name": SAMPLERS[sampler].__name__, "num_train_timesteps": 1000, **config}
        case = trajectory(sampler, config, steps, eta, number)
        for key, value in case.pop("tensors").items():
            tensors[f"{name}/{key}"] = value
        index.append({"name": name, "sampler": sampler, "steps": steps, "eta": eta, "seed": number, **case,
                      "scheduler_config": config})
    save_tensors(OUT / "samplers/samplers.safetensors", tensors)
    save_cases(OUT / "samplers/samplers.json", index)


if __name__ == "__main__":
    main()
