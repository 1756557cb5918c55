"""Runs by ComfyUI's rules: noise levels, timesteps and samplers, driven by the fake model of schedulers.py (see README.md).

ComfyUI is no package, so its rules are written down here once more, in PyTorch: comfy/samplers.py, comfy/model_sampling.py,
comfy/k_diffusion/sampling.py of its release 0.3.
"""

import math

import numpy as np
import torch
from scipy import integrate, stats

from fixtures import OUT, generator, save_cases, save_tensors
from schedulers import CLEAN, SHAPE, fake_model

BETAS = {"scaled_linear": torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2,
         "linear": torch.linspace(0.00085, 0.012, 1000, dtype=torch.float64)}


class Table:
    """ModelSamplingDiscrete: the noise level of each training timestep."""

    def __init__(self, shape: str):
        kept = torch.cumprod(1 - BETAS[shape], dim=0)
        exact = ((1 - kept) / kept) ** 0.5
        self.sigmas, self.logs = exact.float(), exact.log().float()
        self.least, self.most = self.sigmas[0], self.sigmas[-1]

    def timestep(self, sigma: torch.Tensor) -> int:
        return int((sigma.log() - self.logs).abs().argmin())

    def sigma(self, timestep: torch.Tensor) -> torch.Tensor:
        low, high, share = timestep.floor().long(), timestep.ceil().long(), timestep.frac()
        return ((1 - share) * self.logs[low] + share * self.logs[high]).exp()


def levels(table: Table, scheduler: str, steps: int) -> torch.Tensor:
    """Without the 0 at the end."""
    size = len(table.sigmas)
    least, most = float(table.least), float(table.most)
    if scheduler == "normal":
        return table.sigma(torch.linspace(size - 1, 0, steps))
    if scheduler == "sgm_uniform":
        return table.sigma(torch.linspace(size - 1, 0, steps + 1)[:-1])
    if scheduler == "karras":
        ramp = torch.linspace(0, 1, steps)
        return (most ** (1 / 7) + ramp * (least ** (1 / 7) - most ** (1 / 7))) ** 7
    if scheduler == "exponential":
        return torch.linspace(math.log(most), math.log(least), steps).exp()
    if scheduler == "simple":
        return torch.stack([table.sigmas[size - 1 - int(i * (size / steps))] for i in range(steps)])
    if scheduler == "ddim_uniform":
        return table.sigmas[1::max(size // steps, 1)].flip(0)
    if scheduler == "beta":
        places = np.rint(stats.beta.ppf(1 - np.linspace(0, 1, steps, endpoint=False), 0.6, 0.6) * (size - 1))
        return table.sigmas[[int(place) for place in dict.fromkeys(places)]]
    if scheduler == "kl_optimal":
        share = torch.arange(steps, dtype=torch.float32) / (steps - 1)
        return (share * math.atan(least) + (1 - share) * math.atan(most)).tan()
    if scheduler == "linear_quadratic":
        if steps == 1:
            return table.most[None]
        linear, end = steps // 2, 0.025
        curved = steps - linear
        rest = linear - end * steps
        a = rest / (linear * curved**2)
        b = end / linear - 2 * rest / curved**2
        done = [i * end / linear for i in range(linear)] + [a * i**2 + b * i + a * linear**2 for i in range(linear, steps)]
        return torch.tensor([1 - share for share in done], dtype=torch.float32) * table.most
    raise ValueError(scheduler)


def schedule(table: Table, sampler: str, scheduler: str, steps: int) -> torch.Tensor:
    if sampler.startswith("dpm_2"):
        return torch.cat([levels(table, scheduler, steps + 1)[:-1], torch.zeros(1)])
    return torch.cat([levels(table, scheduler, steps), torch.zeros(1)])


class Model:
    """Predicts x0 by the fake model, and keeps what it saw and said."""

    def __init__(self, table: Table, prediction: str):
        self.table, self.prediction = table, prediction
        self.calls = {"timesteps": [], "inputs": [], "x0": []}

    def __call__(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        timestep = self.table.timestep(sigma)
        variance = sigma**2 + 1
        scaled = x / variance**0.5
        said = fake_model(scaled, timestep, False)
        clean = x - said * sigma if self.prediction == "epsilon" else x / variance - said * sigma / variance**0.5
        for name, value in {"timesteps": torch.tensor(float(timestep)), "inputs": scaled, "x0": clean}.items():
            self.calls[name].append(value)
        return clean


def down_and_up(now, then):
    up = min(then, (then**2 * (now**2 - then**2) / now**2) ** 0.5)
    return (then**2 - up**2) ** 0.5, up


def euler(model, x, sigmas, noise):
    for now, then in zip(sigmas, sigmas[1:]):
        x = x + (x - model(x, now)) / now * (then - now)
    return x


def euler_ancestral(model, x, sigmas, noise):
    for now, then in zip(sigmas, sigmas[1:]):
        down, up = down_and_up(now, then)
        clean = model(x, now)
        x = clean if down == 0 else x + (x - clean) / now * (down - now) + noise() * up
    return x


def heun(model, x, sigmas, noise):
    for now, then in zip(sigmas, sigmas[1:]):
        slope = (x - model(x, now)) / now
        tried = x + slope * (then - now)
        if then > 0:
            slope = (slope + (tried - model(tried, then)) / then) / 2
        x = x + slope * (then - now)
    return x


def dpm_2(model, x, sigmas, noise, ancestral=False):
    for now, then in zip(sigmas, sigmas[1:]):
        down, up = down_and_up(now, then) if ancestral else (then, None)
        slope = (x - model(x, now)) / now
        if down > 0:
            middle = now.log().lerp(down.log(), 0.5).exp()
            tried = x + slope * (middle - now)
            slope = (tried - model(tried, middle)) / middle
        x = x + slope * (down - now)
        if ancestral and down > 0:
            x = x + noise() * up
    return x


def dpm_2_ancestral(model, x, sigmas, noise):
    return dpm_2(model, x, sigmas, noise, ancestral=True)


def lms(model, x, sigmas, noise):
    slopes = []
    for step, (now, then) in enumerate(zip(sigmas, sigmas[1:])):
        clean = model(x, now)
        slopes = [(x - clean) / now, *slopes][:4]
        if then == 0:
            return clean
        at = sigmas.double().numpy()
        for back, slope in enumerate(slopes):
            def lagrange(place):
                others = [at[step - other] for other in range(len(slopes)) if other != back]
                return math.prod((place - other) / (at[step - back] - other) for other in others)
            x = x + integrate.quad(lagrange, at[step], at[step + 1], epsrel=1e-4)[0] * slope
    return x


def dpmpp_2m(model, x, sigmas, noise):
    before, stride_before = None, None
    for now, then in zip(sigmas, sigmas[1:]):
        clean = model(x, now)
        stride = now.log() - then.log()
        used = clean
        if before is not None and then > 0:
            ratio = stride_before / stride
            used = (1 + 1 / (2 * ratio)) * clean - 1 / (2 * ratio) * before
        x = then / now * x - (-stride).expm1() * used
        before, stride_before = clean, stride
    return x


def lcm(model, x, sigmas, noise):
    for now, then in zip(sigmas, sigmas[1:]):
        clean = model(x, now)
        x = clean + then * noise() if then > 0 else clean
    return x


SAMPLERS = [euler, euler_ancestral, heun, dpm_2, dpm_2_ancestral, lms, dpmpp_2m, lcm]
SCHEDULERS = ["simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal", "linear_quadratic", "kl_optimal"]


def run(case: dict) -> dict:
    """begin: the steps of the schedule that are left out. A run begins with CLEAN where it has an image."""
    table = Table(case["beta_schedule"])
    sigmas = schedule(table, case["sampler"], case["scheduler"], case["steps"])[case["begin"]:]
    source = generator(case["seed"])
    fresh, drawn = torch.randn(SHAPE, generator=source), []

    def noise():
        drawn.append(torch.randn(SHAPE, generator=source))
        return drawn[-1]

    largest = math.isclose(float(table.most), float(sigmas[0]), rel_tol=1e-5) or sigmas[0] > table.most
    x = fresh * ((1 + sigmas[0] ** 2) ** 0.5 if largest else sigmas[0]) + (CLEAN if case["image"] else 0)
    model = Model(table, case["prediction_type"])
    result = globals()[case["sampler"]](model, x, sigmas, noise)
    calls = {name: torch.stack(values).reshape(len(values), -1) for name, values in model.calls.items()}
    more = {"noise": torch.stack(drawn).flatten(1)} if drawn else {}
    return {**calls, **more, "timesteps": calls["timesteps"].flatten(), "sigmas": sigmas, "result": result.flatten()}


def cases():
    plain = {"beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps": 7, "begin": 0, "image": False}
    for scheduler in SCHEDULERS:
        for steps in (1, 2, 20):
            if scheduler != "kl_optimal" or steps > 1:  # that one divides by zero there
                yield {**plain, "sampler": "euler", "scheduler": scheduler, "steps": steps}
        for sampler in SAMPLERS:
            yield {**plain, "sampler": sampler.__name__, "scheduler": scheduler}
    yield {**plain, "sampler": "euler", "scheduler": "beta", "steps": 300}
    yield {**plain, "sampler": "euler", "scheduler": "ddim_uniform", "steps": 30}
    for sampler in SAMPLERS:
        more = {**plain, "sampler": sampler.__name__, "scheduler": "karras"}
        yield {**more, "prediction_type": "v_prediction", "beta_schedule": "linear"}
        yield {**more, "steps": 10, "begin": 4, "image": True}
        yield {**more, "image": True}
    yield {**plain, "sampler": "dpmpp_2m", "scheduler": "ddim_uniform", "image": True}


def main() -> None:
    tensors, index = {}, []
    for number, case in enumerate(cases()):
        case = {"name": str(number), "seed": number, **case}
        for key, value in run(case).items():
            tensors[f"{number}/{key}"] = value
        index.append(case)
    save_tensors(OUT / "samplers/comfyui.safetensors", tensors)
    save_cases(OUT / "samplers/comfyui.json", index)


if __name__ == "__main__":
    main()
