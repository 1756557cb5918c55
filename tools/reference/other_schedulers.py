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
from diffusers.schedulers.deprecated import ScoreSdeVpScheduler

from fixtures import OUT, save_cases, save_tensors
from samplers import COSINE, LINEAR, PATTERN, SD, SHAPE, SPACINGS, ZERO_SNR

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


LATENT = {**SD, **SPACINGS["leading1"], "set_alpha_to_one": False}
LCM_DREAMSHAPER = {**LATENT, "original_inference_steps": 50, "timestep_scaling": 10.0}
EDM_PLAYGROUND = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "prediction_type": "epsilon"}
FLUX = {"shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15}


def few_step_cases():
    for name, scheduler in (("lcm", "LCMScheduler"), ("tcd", "TCDScheduler")):
        for steps in (1, 2, 4, 8):
            yield f"{name}/sd/{steps}", scheduler, steps, LCM_DREAMSHAPER, {}
        for prediction in ("v_prediction", "sample"):
            yield f"{name}/{prediction}", scheduler, 4, {**LATENT, "prediction_type": prediction}, {}
        for strength in (0.3, 0.62, 1.0):
            yield f"{name}/strength-{strength}", scheduler, 4, LATENT, {"strength": strength}
        for original in (5, 64, 1000):
            yield f"{name}/original-{original}", scheduler, 5, {**LATENT, "original_inference_steps": original}, {}
        yield f"{name}/cosine", scheduler, 4, COSINE, {}
        yield f"{name}/zero-snr", scheduler, 4, ZERO_SNR, {}
        yield f"{name}/clip", scheduler, 4, {**LATENT, "clip_sample": True, "clip_sample_range": 0.8}, {}
        yield f"{name}/thresholding", scheduler, 4, {
            **LATENT, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 2.0}, {}
        yield f"{name}/scaling", scheduler, 4, {**LATENT, "timestep_scaling": 0.001}, {}
        yield f"{name}/defaults", scheduler, 4, {}, {}
    for eta in (0.0, 0.3, 0.75, 1.0):
        for prediction in ("epsilon", "v_prediction", "sample"):
            config = {**LATENT, "prediction_type": prediction}
            yield f"tcd/eta-{eta}/{prediction}", "TCDScheduler", 5, config, {"eta": eta}


def sa_solver_cases():
    name = "SASolverScheduler"
    for predictor, corrector in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (3, 3), (3, 4), (4, 4), (1, 4)):
        orders = {"predictor_order": predictor, "corrector_order": corrector}
        yield f"sa/orders-{predictor}-{corrector}", name, 8, {**LATENT, **orders}, {}
        yield f"sa/orders-{predictor}-{corrector}/noise", name, 8, {
            **LATENT, **orders, "algorithm_type": "noise_prediction"}, {}
    for prediction in ("epsilon", "v_prediction", "sample"):
        for algorithm in ("data_prediction", "noise_prediction"):
            for spacing, keys in SPACINGS.items():
                config = {**SD, **keys, "prediction_type": prediction, "algorithm_type": algorithm}
                yield f"sa/{prediction}/{algorithm}/{spacing}", name, 5, config, {}
    third = {**LATENT, "predictor_order": 3, "corrector_order": 3}
    for steps in (1, 2, 3, 20):
        yield f"sa/steps-{steps}", name, steps, third, {}
    yield "sa/not-lower-order-final", name, 6, {**third, "lower_order_final": False}, {}
    for sigmas in ("karras", "exponential", "beta"):
        yield f"sa/{sigmas}", name, 6, {**third, f"use_{sigmas}_sigmas": True}, {}
    yield "sa/karras/sigma-range", name, 6, {**third, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, {}
    for shift in (1.0, 3.0):
        yield f"sa/flow-{shift}", name, 6, {
            **third, "use_flow_sigmas": True, "flow_shift": shift, "prediction_type": "flow_prediction"}, {}
    yield "sa/cosine", name, 6, {**COSINE, "lambda_min_clipped": -5.1}, {}
    yield "sa/thresholding", name, 6, {**SD, "thresholding": True, "sample_max_value": 1.5}, {}
    yield "sa/defaults", name, 6, {}, {}


def edm_cases():
    euler, solver = "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"
    for name, scheduler in (("edm-euler", euler), ("edm-dpm", solver)):
        for steps in (1, 2, 3, 7, 16):
            yield f"{name}/steps-{steps}", scheduler, steps, EDM_PLAYGROUND, {}
        for sigmas in ("karras", "exponential"):
            for prediction in ("epsilon", "v_prediction"):
                yield f"{name}/{sigmas}/{prediction}", scheduler, 6, {
                    **EDM_PLAYGROUND, "sigma_schedule": sigmas, "prediction_type": prediction}, {}
            yield f"{name}/{sigmas}/sigma-min", scheduler, 6, {
                **EDM_PLAYGROUND, "sigma_schedule": sigmas, "final_sigmas_type": "sigma_min"}, {}
        yield f"{name}/keys", scheduler, 6, {"sigma_min": 0.01, "sigma_max": 30.0, "sigma_data": 1.0, "rho": 5.0}, {}
        yield f"{name}/defaults", scheduler, 6, {}, {}
    for order in (1, 2, 3):
        for kind in ("midpoint", "heun"):
            config = {**EDM_PLAYGROUND, "solver_order": order, "solver_type": kind}
            for steps in (6, 16):
                yield f"edm-dpm/order-{order}/{kind}/{steps}", solver, steps, config, {}
            if order < 3:
                yield f"edm-dpm/sde/order-{order}/{kind}", solver, 6, {**config, "algorithm_type": "sde-dpmsolver++"}, {}
    yield "edm-dpm/euler-at-final", solver, 6, {
        **EDM_PLAYGROUND, "final_sigmas_type": "sigma_min", "lower_order_final": False, "euler_at_final": True}, {}
    # The last step then has no length: heun and the third order divide by it.
    yield "edm-dpm/not-lower-order-final", solver, 6, {
        **EDM_PLAYGROUND, "final_sigmas_type": "sigma_min", "lower_order_final": False}, {}
    yield "edm-dpm/other-names", solver, 6, {
        **EDM_PLAYGROUND, "algorithm_type": "deis", "solver_type": "logrho", "final_sigmas_type": "sigma_min"}, {}
    yield "edm-dpm/thresholding", solver, 6, {**EDM_PLAYGROUND, "thresholding": True, "sample_max_value": 1.2}, {}


def flow_cases():
    euler, heun = "FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"
    for name, scheduler in (("flow-euler", euler), ("flow-heun", heun)):
        for shift in (1.0, 3.0):
            for steps in (1, 2, 3, 7):
                yield f"{name}/shift-{shift}/{steps}", scheduler, steps, {"shift": shift}, {}
        yield f"{name}/train-500", scheduler, 5, {"num_train_timesteps": 500, "shift": 2.0}, {}
        yield f"{name}/defaults", scheduler, 5, {}, {}
    for kind in ("exponential", "linear"):
        for tokens in (256, 1024, 4096, 9216):
            yield f"flow-euler/dynamic-{kind}/{tokens}", euler, 5, {**FLUX, "time_shift_type": kind}, {
                "image_seq_len": tokens}
    yield "flow-euler/dynamic-keys", euler, 5, {
        "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05, "base_image_seq_len": 1024,
        "max_image_seq_len": 4096}, {"image_seq_len": 2000}
    yield "flow-euler/dynamic-terminal", euler, 5, {**FLUX, "shift_terminal": 0.1}, {"image_seq_len": 1024}
    yield "flow-euler/terminal", euler, 5, {"shift": 2.0, "shift_terminal": 0.02}, {}
    for sigmas in ("karras", "exponential", "beta"):
        for steps in (1, 2, 6):
            yield f"flow-euler/{sigmas}/{steps}", euler, steps, {"shift": 3.0, f"use_{sigmas}_sigmas": True}, {}
    yield "flow-euler/karras/sigma-range", euler, 5, {"use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 0.9}, {}
    yield "flow-euler/inverted", euler, 5, {"shift": 2.0, "invert_sigmas": True}, {}
    yield "flow-euler/stochastic", euler, 5, {"shift": 3.0, "stochastic_sampling": True}, {}


def pixel_cases():
    for steps in (2, 5, 13):
        for variance in ("fixed_small_log", "learned_range"):
            for prediction in ("epsilon", "sample"):
                yield f"unclip/{variance}/{prediction}/{steps}", "UnCLIPScheduler", steps, {
                    "variance_type": variance, "prediction_type": prediction, "clip_sample_range": 2.0}, {}
    yield "unclip/no-clip", "UnCLIPScheduler", 5, {"clip_sample": False}, {}
    yield "unclip/all-timesteps", "UnCLIPScheduler", 20, {"num_train_timesteps": 20}, {}
    yield "unclip/defaults", "UnCLIPScheduler", 5, {}, {}
    for steps in (1, 2, 4, 13):
        yield f"cm/steps-{steps}", "CMStochasticIterativeScheduler", steps, {}, {}
    yield "cm/keys", "CMStochasticIterativeScheduler", 6, {
        "num_train_timesteps": 151, "sigma_min": 0.01, "sigma_max": 20.0, "sigma_data": 1.0, "s_noise": 0.9, "rho": 5.0,
        "clip_denoised": False}, {}
    for steps in (2, 5, 12):
        for corrections in (0, 1, 2):
            yield f"ve/corrections-{corrections}/{steps}", "ScoreSdeVeScheduler", steps, {
                "correct_steps": corrections}, {}
    yield "ve/keys", "ScoreSdeVeScheduler", 5, {
        "snr": 0.08, "sigma_min": 0.05, "sigma_max": 50.0, "sampling_eps": 1e-3, "num_train_timesteps": 1000}, {}
    for steps in (2, 5, 12):
        yield f"vp/steps-{steps}", "ScoreSdeVpScheduler", steps, {}, {}
    yield "vp/keys", "ScoreSdeVpScheduler", 5, {"beta_min": 0.2, "beta_max": 12, "sampling_eps": 1e-2}, {}
    for steps in (1, 4, 12):
        for scaler in (0.5, 1.0, 2.0):
            yield f"wuerstchen/scaler-{scaler}/{steps}", "DDPMWuerstchenScheduler", steps, {"scaler": scaler}, {}
    yield "wuerstchen/s", "DDPMWuerstchenScheduler", 5, {"s": 0.02}, {}
    for steps in (1, 4):  # last: a case's number is its seed
        yield f"flow-lcm/{steps}", "FlowMatchLCMScheduler", steps, {"shift": 3.0}, {}
    for name, scheduler in (("edm-euler", "EDMEulerScheduler"), ("edm-dpm", "EDMDPMSolverMultistepScheduler")):
        yield f"{name}/exponential/1", scheduler, 1, {**EDM_PLAYGROUND, "sigma_schedule": "exponential"}, {}
    yield "flow-lcm/beta", "FlowMatchLCMScheduler", 4, {"use_beta_sigmas": True, "invert_sigmas": True}, {}


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
    groups = (few_step_cases, sa_solver_cases, edm_cases, flow_cases, pixel_cases)
    for number, (name, scheduler, steps, config, options) in enumerate(case for group in groups for case in group()):
        config = {"_class_name": scheduler, **config}
        case = trajectory(scheduler, config, steps, number, options)
        for key, value in case.pop("tensors").items():
            tensors[f"{name}/{key}"] = value
        index.append({"name": name, "steps": steps, "seed": number, **options, **case, "scheduler_config": config})
    save_tensors(OUT / "samplers/other_schedulers.safetensors", tensors)
    save_cases(OUT / "samplers/other_schedulers.json", index)


if __name__ == "__main__":
    main()
