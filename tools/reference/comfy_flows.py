"""Runs of rectified flows by ComfyUI's rules, driven by the fake model of schedulers.py (see README.md).

Its ModelSamplingDiscreteFlow, ModelSamplingFlux and CONST of comfy/model_sampling.py, and the nodes ModelSamplingSD3 and ModelSamplingFlux of
comfy_extras/nodes_model_advanced.py are written down here once more, in PyTorch.
"""

import math

import torch

import comfy_schedules
from comfy_schedules import SCHEDULERS, dpmpp_2m, euler, heun
from fixtures import OUT, generator, save_cases, save_tensors
from schedulers import CLEAN, SHAPE, fake_model


class DiscreteFlow:
    """Stable Diffusion 3 has the shift 3, and Flux.1 schnell 1."""

    def __init__(self, shift: float):
        self.shift = shift
        self.sigmas = self.sigma(torch.arange(1, 1001, 1) / 1000 * 1000)
        self.least, self.most = self.sigmas[0], self.sigmas[-1]

    def timestep(self, sigma: torch.Tensor) -> torch.Tensor:
        return sigma * 1000

    def sigma(self, timestep: torch.Tensor) -> torch.Tensor:
        share = timestep / 1000
        return share if self.shift == 1 else self.shift * share / (1 + (self.shift - 1) * share)


class Flux:
    def __init__(self, shift: float):
        self.shift = shift
        self.sigmas = self.sigma(torch.arange(1, 10001, 1) / 10000)
        self.least, self.most = self.sigmas[0], self.sigmas[-1]

    def timestep(self, sigma: torch.Tensor) -> torch.Tensor:
        return sigma

    def sigma(self, timestep: torch.Tensor) -> torch.Tensor:
        return math.exp(self.shift) / (math.exp(self.shift) + (1 / timestep - 1))

    @staticmethod
    def of_node(max_shift: float, base_shift: float, width: int, height: int) -> float:
        slope = (max_shift - base_shift) / (4096 - 256)
        return width * height / (8 * 8 * 2 * 2) * slope + base_shift - slope * 256


MODELS = {"sd3": {"class": "DiscreteFlow", "shift": 3.0}, "schnell": {"class": "DiscreteFlow", "shift": 1.0},
          "dev": {"class": "Flux", "shift": 1.15},
          "sd3-6": {"class": "DiscreteFlow", "shift": 6.0, "node": True},
          "dev-sized": {"class": "Flux", "shift": Flux.of_node(1.15, 0.5, 768, 512), "node": True}}


def levels(table, scheduler: str, steps: int) -> torch.Tensor:
    """With 0 at the end."""
    if scheduler in ("normal", "sgm_uniform"):
        ends = table.timestep(table.most), table.timestep(table.least)
        times = torch.linspace(*ends, steps) if scheduler == "normal" else torch.linspace(*ends, steps + 1)[:-1]
        chosen = torch.stack([table.sigma(time) for time in times])
    else:
        chosen = comfy_schedules.levels(table, scheduler, steps)
    assert float(table.sigma(table.timestep(table.least))) > 1e-5 and float(table.sigmas[1]) > 1e-5  # other rules follow below
    return torch.cat([chosen, torch.zeros(1)])


class Model:
    """CONST: x0 of a network that predicts noise - x0. The network sees a thousand times the level."""

    def __init__(self):
        self.calls = {"timesteps": [], "inputs": [], "x0": []}

    def __call__(self, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        clean = x - fake_model(x, sigma * 1000, False) * sigma
        for name, value in {"timesteps": sigma * 1000, "inputs": x, "x0": clean}.items():
            self.calls[name].append(value)
        return clean


def lcm(model, x, sigmas, noise):
    for now, then in zip(sigmas, sigmas[1:]):
        x = model(x, now)
        if then > 0:
            x = then * noise() + (1 - then) * x
    return x


def res_multistep(model, x, sigmas, noise):
    """Without noise of its own, which is that of res_multistep_ancestral."""
    before, last = None, None
    for now, then in zip(sigmas, sigmas[1:]):
        clean = model(x, now)
        x = res_step(x, clean, now, then, before, last)
        before, last = clean, now
    return x


def res_step(x, clean, now, then, before, last):
    """before and last: x0 and the level of the step before."""
    if then == 0 or before is None:
        return x + (x - clean) / now * (then - now)
    stride = now.log() - then.log()
    place = (now.log() - last.log()) / stride
    first = (-stride).expm1() / -stride
    second = (first - 1) / -stride
    return (-stride).exp() * x + stride * ((first - second / place) * clean + second / place * before)


SAMPLERS = {"euler": euler, "heun": heun, "dpmpp_2m": dpmpp_2m, "lcm": lcm}
LATER = {"res_multistep": res_multistep}


def run(case: dict) -> dict:
    """begin: the steps of the schedule that are left out. A run begins with CLEAN where it has an image."""
    table = globals()[case["class"]](case["shift"])
    sigmas = levels(table, case["scheduler"], case["steps"])[case["begin"]:]
    source = generator(case["seed"])
    fresh, drawn = torch.randn(SHAPE, generator=source), []

    def noise():
        drawn.append(torch.randn(SHAPE, generator=source))
        return drawn[-1]

    x = sigmas[0] * fresh + (1 - sigmas[0]) * (CLEAN if case["image"] else torch.zeros(SHAPE))
    model = Model()
    result = (SAMPLERS | LATER)[case["sampler"]](model, x, sigmas, noise)
    calls = {name: torch.stack(values).reshape(len(values), -1) for name, values in model.calls.items()}
    return {**calls, "timesteps": calls["timesteps"].flatten(), "sigmas": sigmas, "result": result.flatten()}


def cases():
    for name, model in MODELS.items():
        plain = {"model": name, **model, "sampler": "euler", "scheduler": "simple", "steps": 7, "begin": 0, "image": False}
        for scheduler in SCHEDULERS:
            yield {**plain, "scheduler": scheduler}
        yield {**plain, "steps": 28}
        yield {**plain, "scheduler": "beta", "steps": 20}
        for sampler in SAMPLERS:
            yield {**plain, "sampler": sampler, "scheduler": "sgm_uniform"}
            yield {**plain, "sampler": sampler, "scheduler": "normal", "steps": 8, "begin": 3, "image": True}
        if name in ("sd3", "dev"):
            for scheduler in SCHEDULERS:
                for steps in (1, 2):
                    if scheduler != "kl_optimal" or steps > 1:  # that one divides by zero there
                        yield {**plain, "scheduler": scheduler, "steps": steps}
            for sampler in SAMPLERS:
                yield {**plain, "sampler": sampler, "scheduler": "ddim_uniform", "steps": 6}
                yield {**plain, "sampler": sampler, "scheduler": "karras", "steps": 5}
    for name, model in MODELS.items():
        plain = {"model": name, **model, "begin": 0, "image": False}
        for sampler in LATER:
            for scheduler, steps in (("simple", 8), ("sgm_uniform", 7), ("karras", 5), ("ddim_uniform", 6), ("simple", 1), ("beta", 2), ("simple", 60)):
                yield {**plain, "sampler": sampler, "scheduler": scheduler, "steps": steps}
            yield {**plain, "sampler": sampler, "scheduler": "normal", "steps": 8, "begin": 3, "image": True}


def main() -> None:
    tensors, index = {}, []
    for number, case in enumerate(cases()):
        case = {"name": str(number), "seed": number, **case}
        for key, value in run(case).items():
            tensors[f"{number}/{key}"] = value
        index.append(case)
    save_tensors(OUT / "samplers/comfyui_flows.safetensors", tensors)
    save_cases(OUT / "samplers/comfyui_flows.json", index)


if __name__ == "__main__":
    main()
