"""Whole trajectories of diffusers' schedulers, driven by a fake model, a few numbers a step (see README.md)."""

import inspect
import math
import warnings

import diffusers
import torch

from fixtures import OUT, generator, save_cases, save_json, save_tensors

SHAPE = [1, 3, 2, 2]  # three channels, as models with a learned variance have
PATTERN = torch.sin(1.7 * torch.arange(math.prod(SHAPE)) + 0.3).reshape(SHAPE)
CLEAN = torch.cos(0.9 * torch.arange(math.prod(SHAPE)) + 0.7).reshape(SHAPE)
NOISE_SEED = 77

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}


def fake_model(scaled: torch.Tensor, timestep, learned: bool) -> torch.Tensor:
    output = 0.4 * scaled + 0.6 * math.cos(3 * float(timestep) / 1000) * PATTERN
    return torch.cat([output, 0.9 * PATTERN.abs()], dim=1) if learned else output


def span(scheduler, case: dict) -> range:
    """The calls of a run: as get_timesteps of the pipelines for image-to-image and for denoising_start, denoising_end."""
    timesteps, steps = scheduler.timesteps, case["steps"]
    cutoff = lambda share: int(round(scheduler.config.num_train_timesteps * (1 - share)))
    begin, end = (steps - min(int(steps * case["strength"]), steps)) * scheduler.order, len(timesteps)
    if case["start"] > 0:
        left = (timesteps < cutoff(case["start"])).sum().item()
        begin = end - (left + 1 if scheduler.order == 2 and left % 2 == 0 else left)
    if case["end"] < 1:
        end = len(list(filter(lambda ts: ts >= cutoff(case["end"]), timesteps)))
    return range(begin, end)


def trajectory(case: dict) -> dict:
    """The tensors of a case; fills in what else there is to know of it."""
    scheduler = getattr(diffusers, case["scheduler_config"]["_class_name"]).from_config(case["scheduler_config"])
    names = inspect.signature(scheduler.step).parameters
    source, other = generator(case["seed"]), generator(NOISE_SEED)
    options = {"generator": source} if "generator" in names else {}
    if case["eta"] is not None:
        options["eta"] = case["eta"]
    more = {"strength": case["strength"]} if "strength" in inspect.signature(scheduler.set_timesteps).parameters else {}
    scheduler.set_timesteps(case["steps"], **more)
    calls = span(scheduler, case)
    if hasattr(scheduler, "set_begin_index"):  # or two equal first timesteps (Karras, cosine) start it at the second
        scheduler.set_begin_index(calls.start)
    timesteps = scheduler.timesteps[calls.start:calls.stop]
    fresh = torch.randn(SHAPE, generator=source)
    image = calls.start > 0
    sample = scheduler.add_noise(CLEAN, fresh, timesteps[:1]) if image else fresh * scheduler.init_noise_sigma
    rows = {"samples": [sample], "x0": [], "noised": []}
    learned = case["scheduler_config"].get("variance_type") in ("learned", "learned_range")
    for timestep in timesteps:
        if image:
            rows["noised"].append(scheduler.add_noise(CLEAN, torch.randn(SHAPE, generator=other), timestep[None]))
        output = fake_model(scheduler.scale_model_input(sample, timestep), timestep, learned)
        step = scheduler.step(output, timestep, sample, **options)
        sample = step.prev_sample
        rows["samples"].append(sample)
        if getattr(step, "pred_original_sample", None) is not None:
            rows["x0"].append(step.pred_original_sample)
    assert all(value.isfinite().all() for values in rows.values() for value in values), case
    case["init_noise_sigma"] = float(scheduler.init_noise_sigma)
    tensors = {name: torch.stack(values).flatten(1) for name, values in rows.items() if values}
    return {**tensors, "timesteps": timesteps.to(torch.float32)}


def run(name: str, steps: int, config: dict, eta=None, strength=1.0, start=0.0, end=1.0) -> dict:
    """A case: the whole schedule unless a strength, a start or an end is given."""
    return {"name": name, "steps": steps, "eta": eta, "strength": strength, "start": start, "end": end,
            "scheduler_config": config}


def record(file: str, class_name: str, cases) -> None:
    """Writes schedulers/FILE.json and .safetensors; each case runs with its number as the seed."""
    tensors, index = {}, []
    for number, case in enumerate(cases):
        case = {**case, "seed": number, "scheduler_config": {"_class_name": class_name, **case["scheduler_config"]}}
        for key, value in trajectory(case).items():
            tensors[f"{case['name']}/{key}"] = value
        index.append(case)
    assert len({case["name"] for case in index}) == len(index), file
    save_tensors(OUT / f"schedulers/{file}.safetensors", tensors)
    save_cases(OUT / f"schedulers/{file}.json", index)


def grid(predictions=("epsilon", "v_prediction", "sample"), spacings=("leading", "linspace", "trailing"), counts=(1, 2, 7),
         base=SD, **keys):
    """Every prediction with every spacing, and each count of steps."""
    for prediction in predictions:
        for spacing in spacings:
            for steps in counts:
                label = "/".join([prediction, spacing, str(steps)] + [f"{key}={value}" for key, value in keys.items()])
                offset = {"steps_offset": 1} if spacing == "leading" else {}
                yield run(label, steps, {**base, "prediction_type": prediction, "timestep_spacing": spacing, **offset, **keys})


def parts(base=SD, **keys):
    """Parts of the schedule: image-to-image, and the two halves of a run that another stage continues."""
    for spacing in ("leading", "trailing"):
        config = {**base, "timestep_spacing": spacing, **keys}
        label = f"{spacing}" + "".join(f"/{key}={value}" for key, value in keys.items())
        for strength in (0.8, 0.3, 0.95):
            yield run(f"strength/{strength}/{label}", 10, config, strength=strength)
        yield run(f"start/0.8/{label}", 10, config, start=0.8)
        yield run(f"end/0.75/{label}", 10, config, end=0.75)


def sigmas(base=SD, counts=(1, 6), **keys):
    """The sigma schedules that most classes have."""
    for flag in ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"):
        for steps in counts:
            yield run(f"{flag}/{steps}" + "".join(f"/{k}={v}" for k, v in keys.items()), steps, {**base, flag: True, **keys})
        yield run(f"{flag}/cosine" + "".join(f"/{k}={v}" for k, v in keys.items()), 6, {**COSINE, flag: True, **keys})
        yield run(f"{flag}/bounds" + "".join(f"/{k}={v}" for k, v in keys.items()), 6,
                  {**base, flag: True, "sigma_min": 0.05, "sigma_max": 10.0, **keys})


def defaults(steps=6, **keys):
    """Nothing but the class: every value is the class's own default."""
    yield run(f"defaults/{steps}", steps, keys)


def ddim():
    yield from defaults()
    yield from grid(counts=(1, 7), clip_sample=False)
    yield from parts(clip_sample=False)
    for eta in (0.4, 1.0):
        yield run(f"eta/{eta}", 6, {**SD, "clip_sample": False}, eta=eta)
    yield run("clip", 6, {**SD, "clip_sample_range": 0.5})
    for most in (1.0, 1.5):
        keys = {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": most}
        yield run(f"thresholding/{most}", 6, {**SD, **keys})
    yield run("alpha-not-one", 6, {**SD, "clip_sample": False, "set_alpha_to_one": False})
    yield run("zero-snr", 6, {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                              "prediction_type": "v_prediction", "clip_sample": False})
    yield run("trained-betas", 3, {"num_train_timesteps": 5, "trained_betas": [0.01, 0.05, 0.1, 0.2, 0.4]})


def ddpm():
    yield from defaults()
    yield from grid(counts=(1, 7), clip_sample=False)
    yield from parts(clip_sample=False)
    for variance in ("fixed_small", "fixed_small_log", "fixed_large", "learned", "learned_range"):
        yield run(f"variance/{variance}", 6, {**SD, "variance_type": variance, "clip_sample": False})
        yield run(f"variance/{variance}/clip", 12, {"variance_type": variance, "beta_schedule": "linear"})
    yield run("sigmoid", 6, {"beta_schedule": "sigmoid"})
    yield run("thresholding", 6, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.8, "sample_max_value": 1.5,
                                  "variance_type": "learned_range"})
    yield run("zero-snr", 6, {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                              "prediction_type": "v_prediction", "clip_sample": False})


def pndm():
    two = ("epsilon", "v_prediction")
    for skip in (True, False):
        yield from grid(two, counts=(4, 5, 11) if not skip else (1, 2, 3, 11), skip_prk_steps=skip)
        yield from parts(skip_prk_steps=skip)
        yield run(f"alpha-one/{skip}", 7, {**SD, "skip_prk_steps": skip, "set_alpha_to_one": True})
        yield run(f"cosine/{skip}", 20, {**COSINE, "skip_prk_steps": skip})
    yield from defaults()


def lms():
    yield from defaults()
    yield from grid()
    yield from parts()
    yield from sigmas()
    yield run("cosine", 30, COSINE)


def euler():
    yield from defaults()
    yield from grid(counts=(1, 7))
    yield from grid(("original_sample",), ("leading",), (3,))
    yield from parts()
    yield from sigmas()
    for steps in (1, 6):
        yield run(f"log-linear/{steps}", steps, {**SD, "interpolation_type": "log_linear"})
    yield run("log-linear/karras", 6, {**SD, "interpolation_type": "log_linear", "use_karras_sigmas": True})
    for prediction in ("epsilon", "v_prediction"):
        yield run(f"continuous/{prediction}", 6, {**SD, "timestep_type": "continuous", "prediction_type": prediction})
    yield run("sigma-min", 6, {**SD, "final_sigmas_type": "sigma_min"})
    yield run("zero-snr", 6, {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                              "prediction_type": "v_prediction"})


def euler_ancestral():
    yield from defaults()
    yield from grid(("epsilon", "v_prediction"))
    yield from parts()


def heun():
    yield from defaults()
    yield from grid()
    yield from parts()
    yield from sigmas()
    yield run("exp", 6, {"beta_schedule": "exp"})
    yield run("clip", 6, {**SD, "clip_sample": True, "clip_sample_range": 0.7})


def kdpm2():
    yield from defaults()
    yield from grid(("epsilon", "v_prediction"))
    yield from parts()
    yield from sigmas()


def kdpm2_ancestral():
    """Without the great strides whose lower end diffusers computes as a rounding error: it may be the root of a negative."""
    lost = ("use_beta_sigmas/cosine", "use_karras_sigmas/cosine", "epsilon/linspace/2", "v_prediction/linspace/2")
    yield from (case for case in kdpm2() if case["name"] not in lost)


def dpm_multistep():
    yield from defaults()
    yield from grid(("epsilon", "v_prediction", "sample"), counts=(1, 2, 7))
    least = {"final_sigmas_type": "sigma_min"}
    for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"):
        for order in (1, 2, 3) if algorithm != "sde-dpmsolver" else (1, 2):
            for solver in ("midpoint", "heun"):
                for steps in (6, 17):
                    yield run(f"{algorithm}/{order}/{solver}/{steps}", steps,
                              {**SD, **least, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver})
        for prediction in ("v_prediction", "sample"):
            yield run(f"{algorithm}/{prediction}", 6, {**SD, **least, "algorithm_type": algorithm, "prediction_type": prediction})
        yield run(f"{algorithm}/thresholding", 6, {**SD, **least, "algorithm_type": algorithm, "thresholding": True,
                                                   "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5})
        yield run(f"{algorithm}/learned", 6, {**SD, **least, "algorithm_type": algorithm, "variance_type": "learned"})
    yield from sigmas()
    yield from sigmas(use_lu_lambdas=True, counts=(6,))
    for config, label in ((SD, "sd"), (COSINE, "cosine")):
        yield run(f"lu/{label}", 6, {**config, "use_lu_lambdas": True})
    for steps in (6, 17):
        yield run(f"lower-order/{steps}", steps, {**SD, **least, "solver_order": 3, "lower_order_final": False})
        yield run(f"euler-at-final/{steps}", steps, {**SD, **least, "solver_order": 3, "euler_at_final": True})
        yield run(f"sde/zero/{steps}", steps, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_order": 3})
    yield run("order-4", 6, {**SD, "solver_order": 4})
    yield run("deis", 6, {**SD, **least, "algorithm_type": "deis", "solver_type": "logrho"})
    yield run("lambda-clipped", 6, {**COSINE, "lambda_min_clipped": -5.1})
    yield run("zero-snr", 6, {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                              "prediction_type": "v_prediction"})
    yield from flows()
    yield from parts(solver_order=3)


def flows(**keys):
    for shift in (1.0, 3.0):
        for prediction in ("flow_prediction", "epsilon"):
            yield run("/".join([f"flow/{shift}/{prediction}", *keys]), 6, {"use_flow_sigmas": True, "flow_shift": shift,
                                                        "prediction_type": prediction, **keys})


def dpm_singlestep():
    yield from defaults()
    yield from defaults(7)
    yield from grid(("epsilon", "v_prediction", "sample"), ("linspace",), counts=(1, 2, 3, 9))
    least = {"final_sigmas_type": "sigma_min"}
    for algorithm in ("dpmsolver", "dpmsolver++", "sde-dpmsolver++"):
        for order in (1, 2, 3):
            for solver in ("midpoint", "heun"):
                for steps in (6, 7, 8):
                    yield run(f"{algorithm}/{order}/{solver}/{steps}", steps,
                              {**SD, **least, "algorithm_type": algorithm, "solver_order": order, "solver_type": solver})
        if algorithm != "dpmsolver":
            yield run(f"{algorithm}/thresholding", 6, {**SD, **least, "algorithm_type": algorithm, "thresholding": True,
                                                       "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5})
        yield run(f"{algorithm}/learned", 6, {**SD, **least, "algorithm_type": algorithm, "variance_type": "learned"})
    for steps in (6, 7, 8):
        for order in (2, 3):
            yield run(f"lower-order/{order}/{steps}", steps, {**SD, "lower_order_final": True, "solver_order": order})
    yield run("lambda-clipped", 6, {**COSINE, "lambda_min_clipped": -5.1})
    yield from sigmas()
    yield from flows()
    yield from parts(solver_order=3)


def deis():
    yield from defaults()
    yield from grid()
    for order in (1, 2, 3, 4):
        for steps in (6, 17):
            yield run(f"order/{order}/{steps}", steps, {**SD, "solver_order": order})
            yield run(f"order/{order}/{steps}/whole", steps, {**SD, "solver_order": order, "lower_order_final": False})
    yield run("thresholding", 6, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5})
    yield from sigmas()
    yield from sigmas(solver_order=3, counts=(6,))
    yield from flows()
    yield from parts(solver_order=3)


def unipc():
    yield from defaults()
    yield from grid()
    for order in (1, 2, 3, 4, 6):
        for steps in (6, 17):
            for x0 in (True, False):
                final = {} if x0 else {"final_sigmas_type": "sigma_min"}
                yield run(f"order/{order}/{steps}/{x0}", steps, {**SD, **final, "solver_order": order, "predict_x0": x0})
        yield run(f"bh1/{order}", 7, {**SD, "solver_order": order, "solver_type": "bh1", "final_sigmas_type": "sigma_min"})
    for prediction in ("v_prediction", "sample"):
        yield run(f"noise/{prediction}", 6, {**SD, "predict_x0": False, "prediction_type": prediction,
                                             "final_sigmas_type": "sigma_min"})
    yield run("corrector", 7, {**SD, "solver_order": 3, "disable_corrector": [0, 3]})
    yield run("lower-order", 7, {**SD, "solver_order": 3, "lower_order_final": False, "final_sigmas_type": "sigma_min"})
    yield run("thresholding", 6, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5})
    yield run("zero-snr", 6, {**SD, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                              "prediction_type": "v_prediction"})
    yield from sigmas()
    yield from sigmas(final_sigmas_type="sigma_min", counts=(6,))
    yield from flows()
    yield from flows(final_sigmas_type="sigma_min", solver_order=3)
    yield from parts(solver_order=3)


CLASSES = {
    "ddim": ("DDIMScheduler", ddim), "ddpm": ("DDPMScheduler", ddpm), "pndm": ("PNDMScheduler", pndm),
    "lms": ("LMSDiscreteScheduler", lms), "euler": ("EulerDiscreteScheduler", euler),
    "euler_ancestral": ("EulerAncestralDiscreteScheduler", euler_ancestral), "heun": ("HeunDiscreteScheduler", heun),
    "kdpm2": ("KDPM2DiscreteScheduler", kdpm2), "kdpm2_ancestral": ("KDPM2AncestralDiscreteScheduler", kdpm2_ancestral),
    "dpm_multistep": ("DPMSolverMultistepScheduler", dpm_multistep),
    "dpm_singlestep": ("DPMSolverSinglestepScheduler", dpm_singlestep), "deis": ("DEISMultistepScheduler", deis),
    "unipc": ("UniPCMultistepScheduler", unipc),
}


def keys() -> list:
    """The parameters of every scheduler class."""
    classes = [getattr(diffusers, name) for name in dir(diffusers) if name.endswith("Scheduler") and "Flax" not in name]
    return sorted({key for one in classes for key in inspect.signature(one.__init__).parameters} - {"self", "args", "kwargs"})


def main() -> None:
    warnings.simplefilter("ignore")
    diffusers.utils.logging.set_verbosity_error()
    save_json(OUT / "samplers/keys.json", keys())
    for file, (class_name, cases) in CLASSES.items():
        record(file, class_name, cases())


if __name__ == "__main__":
    main()
