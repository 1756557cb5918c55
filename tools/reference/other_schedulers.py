"""Whole trajectories of the schedulers that are not of Stable Diffusion's kind (see README.md), one row of numbers per
network call, as their pipelines drive them."""

import math

import torch
from diffusers import (
    CMStochasticIterativeScheduler,
    DDPMWuerstchenScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    FlowMatchLCMScheduler,
    LCMScheduler,
    SASolverScheduler,
    ScoreSdeVeScheduler,
    StableDiffusionPipeline,
    TCDScheduler,
    UnCLIPScheduler,
)
from diffusers.pipelines.flux.pipeline_flux import calculate_shift
from diffusers.pipelines.wuerstchen import DEFAULT_STAGE_C_TIMESTEPS
from diffusers.schedulers.deprecated import ScoreSdeVpScheduler

from fixtures import OUT, save_cases, save_tensors
from other_cases import GROUPS
from samplers import PATTERN, SHAPE

# Its stochastic steps draw from PyTorch's own generator (FlowMatchEulerDiscreteScheduler), so all cases do.
SOURCE = torch.default_generator
NOISE = PATTERN.flip(-1, -2, -3)  # beside PATTERN as a clean sample
CLASSES = {
    scheduler.__name__: scheduler
    for scheduler in (
        CMStochasticIterativeScheduler, DDPMWuerstchenScheduler, EDMDPMSolverMultistepScheduler, EDMEulerScheduler,
        FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, FlowMatchLCMScheduler, LCMScheduler, SASolverScheduler,
        ScoreSdeVeScheduler, ScoreSdeVpScheduler, TCDScheduler, UnCLIPScheduler,
    )
}


def noise_network(sample, timestep):
    return 0.4 * sample + 0.6 * math.cos(3 * float(timestep) / 1000) * PATTERN


def score_network(sample, sigma):
    """The noise's negative over sigma, as a network of a variance-exploding process answers."""
    return -noise_network(sample / sigma, sigma) / sigma


def variance_network(sample, timestep):
    """The noise, and after its channels a variance between -1 and 1."""
    return torch.cat([noise_network(sample, timestep), math.cos(float(timestep)) * PATTERN], dim=1)


class Recorder:
    """Rows of a run: each call's sample, predicted clean sample and the noise that the step drew."""

    def __init__(self, network):
        self.network = network
        self.rows = {"samples": [], "x0": [], "noise": [], "noised": []}
        self.timesteps, self.drawn = [], []

    def call(self, sample, network_input, timestep):
        self.rows["samples"].append(sample)
        self.timesteps.append(float(timestep))
        self.before = torch.Generator()
        self.before.set_state(SOURCE.get_state())
        return self.network(network_input, timestep)

    def noised(self, sample):
        """The pattern with the noise of the call's level."""
        self.rows["noised"].append(sample)

    def stepped(self, x0):
        noise = torch.zeros(SHAPE)
        if not torch.equal(self.before.get_state(), SOURCE.get_state()):
            noise = torch.randn(SHAPE, generator=self.before)
            self.drawn.append(len(self.rows["noise"]))
            assert torch.equal(self.before.get_state(), SOURCE.get_state()), "more than one draw in a step"
        self.rows["noise"].append(noise)
        self.rows["x0"].append(x0)


def noise_kind_x0(scheduler, sample, output, alpha):
    """x0 of a sample sqrt(alpha) x0 + sqrt(1 - alpha) noise."""
    kind = scheduler.config.get("prediction_type", "epsilon")
    if kind == "sample":
        return output
    if kind == "v_prediction":
        return alpha**0.5 * sample - (1 - alpha) ** 0.5 * output
    return (sample - (1 - alpha) ** 0.5 * output) / alpha**0.5


def schedule(scheduler, steps, options):
    """As the pipelines call set_timesteps."""
    keys = {key: options[key] for key in ("strength",) if key in options}
    if "image_seq_len" in options:
        config = scheduler.config
        keys["mu"] = calculate_shift(
            options["image_seq_len"], config.base_image_seq_len, config.max_image_seq_len, config.base_shift,
            config.max_shift,
        )
    if scheduler.config.get("timestep_spacing") == "stage_c":  # Weir's key for what WuerstchenPriorPipeline takes as timesteps
        steps, keys = None, {"timesteps": DEFAULT_STAGE_C_TIMESTEPS}
    scheduler.set_timesteps(steps, **keys)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)


def standard(scheduler, recorder, sample, options):
    name, config = type(scheduler).__name__, scheduler.config
    for index, timestep in enumerate(scheduler.timesteps):
        network_input = sample
        if hasattr(scheduler, "scale_model_input"):
            network_input = scheduler.scale_model_input(sample, timestep)
        output = recorder.call(sample, network_input, timestep)
        add_noise = getattr(scheduler, "scale_noise", None) or scheduler.add_noise
        # Inverted levels make scale_noise give the clean sample at the noisy end, and SASolverScheduler takes no flow's.
        if config.get("invert_sigmas") or config.get("use_flow_sigmas"):
            pass
        elif name.startswith("FlowMatch"):
            recorder.noised(add_noise(PATTERN, timestep[None], NOISE))
        else:
            recorder.noised(add_noise(PATTERN, NOISE, timestep[None]))
        keys = {"eta": options["eta"]} if "eta" in options else {}
        if name == "UnCLIPScheduler" and index + 1 < len(scheduler.timesteps):
            keys["prev_timestep"] = scheduler.timesteps[index + 1]
        if name == "SASolverScheduler":
            x0 = sa_solver_x0(scheduler, sample, output, index)
        step = scheduler.step(output, timestep, sample, **keys)
        if name == "SASolverScheduler":
            pass
        elif "pred_original_sample" in step:
            x0 = step.pred_original_sample
        elif "denoised" in step:
            x0 = step.denoised
        elif name == "TCDScheduler":
            x0 = noise_kind_x0(scheduler, sample, output, scheduler.alphas_cumprod[timestep])
        elif name == "EDMDPMSolverMultistepScheduler":
            x0 = scheduler.model_outputs[-1]
        elif name == "CMStochasticIterativeScheduler":
            skip, out = scheduler.get_scalings_for_boundary_condition(scheduler.sigmas[index])
            x0 = out * output + skip * sample
            x0 = x0.clamp(-1, 1) if scheduler.config.clip_denoised else x0
        elif name == "FlowMatchHeunDiscreteScheduler":
            x0 = sample - timestep / scheduler.config.num_train_timesteps * output
        elif scheduler.config.invert_sigmas:  # sigma 1 is the clean end, and the network points to it
            x0 = sample + (1 - scheduler.sigmas[index]) * output
        else:
            x0 = sample - scheduler.sigmas[index] * output
        recorder.stepped(x0)
        sample = step.prev_sample
    return sample


def sa_solver_x0(scheduler, sample, output, index):
    """Of the sample as the network saw it, before the corrector."""
    scheduler._step_index = index
    converted = scheduler.convert_model_output(output, sample=sample)
    if scheduler.predict_x0:
        return converted
    alpha, sigma = scheduler._sigma_to_alpha_sigma_t(scheduler.sigmas[index])
    return (sample - sigma * converted) / alpha


def wuerstchen(scheduler, recorder, sample, options):
    for timestep in scheduler.timesteps[:-1]:
        ratio = timestep.expand(1)
        output = recorder.call(sample, sample, timestep)
        recorder.noised(scheduler.add_noise(PATTERN, NOISE, ratio))
        step = scheduler.step(output, ratio, sample)
        recorder.stepped(noise_kind_x0(scheduler, sample, output, scheduler._alpha_cumprod(ratio, "cpu")))
        sample = step.prev_sample
    return sample


def score_ve(scheduler, recorder, sample, options):
    """As ScoreSdeVePipeline: each step corrects, then predicts, and the picture is the last mean."""
    scheduler.set_sigmas(options["steps"])
    for index, timestep in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[index]
        for call in range(scheduler.config.correct_steps + 1):
            output = recorder.call(sample, sample, sigma)
            x0 = sample + sigma**2 * output
            if call < scheduler.config.correct_steps:
                sample = scheduler.step_correct(output, sample).prev_sample
            else:
                step = scheduler.step_pred(output, timestep, sample)
                sample, mean = step.prev_sample, step.prev_sample_mean
            recorder.stepped(x0)
    return mean


def score_vp(scheduler, recorder, sample, options):
    """As score_sde samples: the network's timestep is 999 t, and the picture is the last mean."""
    config = scheduler.config
    for timestep in scheduler.timesteps:
        output = recorder.call(sample, sample, timestep * 999)
        log_mean = -0.25 * timestep**2 * (config.beta_max - config.beta_min) - 0.5 * timestep * config.beta_min
        x0 = (sample - torch.sqrt(1 - torch.exp(2 * log_mean)) * output) / torch.exp(log_mean)
        sample, mean = scheduler.step_pred(output, sample, timestep)
        recorder.stepped(x0)
    return mean


LOOPS = {
    "DDPMWuerstchenScheduler": wuerstchen,
    "ScoreSdeVeScheduler": score_ve,
    "ScoreSdeVpScheduler": score_vp,
}


def trajectory(name, config, steps, seed, options) -> dict:
    scheduler = CLASSES[name].from_config(config)
    network = noise_network
    if name == "ScoreSdeVeScheduler":
        network = score_network
    if config.get("variance_type") == "learned_range":
        network = variance_network
    recorder = Recorder(network)
    schedule(scheduler, steps, options)
    SOURCE.manual_seed(seed)
    scale = float(getattr(scheduler, "init_noise_sigma", 1.0))
    sample = torch.randn(SHAPE) * scale
    last = LOOPS.get(name, standard)(scheduler, recorder, sample, {**options, "steps": steps})
    recorder.rows["samples"].append(last)
    rows = {key: value for key, value in recorder.rows.items() if value}
    tensors = {key: torch.stack([row.to(torch.float32) for row in value]) for key, value in rows.items()}
    assert all(value.isfinite().all() for value in tensors.values())
    if not recorder.drawn:
        del tensors["noise"]
    tensors["timesteps"] = torch.tensor(recorder.timesteps, dtype=torch.float32)
    return {"tensors": tensors, "noise_drawn_at": recorder.drawn, "init_noise_sigma": scale,
            "network": network.__name__.removesuffix("_network")}


def guidance_embeddings() -> dict:
    """What a UNet with time_cond_proj_dim takes as timestep_cond, by guidance scale and width."""
    pipeline = StableDiffusionPipeline.__new__(StableDiffusionPipeline)
    return {
        f"{scale}/{width}": pipeline.get_guidance_scale_embedding(torch.tensor([scale - 1]), width)[0]
        for scale in (1.0, 1.3, 7.5, 8.5, 14.9) for width in (256, 33)
    }


def main() -> None:
    save_tensors(OUT / "samplers/guidance_embedding.safetensors", guidance_embeddings())
    tensors, index = {"pattern": PATTERN}, []
    for number, (name, scheduler, steps, config, options) in enumerate(case for group in GROUPS for case in group()):
        config = {"_class_name": scheduler, **config}
        case = trajectory(scheduler, config, steps, number, options)
        for key, value in case.pop("tensors").items():
            tensors[f"{name}/{key}"] = value
        index.append({"name": name, "steps": steps, "seed": number, **options, **case, "scheduler_config": config})
    save_tensors(OUT / "samplers/other_schedulers.safetensors", tensors)
    save_cases(OUT / "samplers/other_schedulers.json", index)


if __name__ == "__main__":
    main()
