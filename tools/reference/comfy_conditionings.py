"""ComfyUI's ConditioningConcat, ConditioningAverage and ConditioningCombine (nodes.py, and calc_cond_batch of comfy/samplers.py), of the tiny
checkpoints. Texts are read as words.py reads them.

An expression is a text's fragments, ("concat", to, from) or ("average", to, from, share of the first).
"""

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

import comfy_schedules
from fixtures import OUT, generator, save_tensors
from words import HOME, KEPT, MANY, comfy, encoder

APPLE = [("a ", 1.0), ("red", 1.4), (" apple", 1.0)]
HILL = [("a green hill", 1.0)]
LONG = [(MANY * 4, 1.0), ("a red apple", 1.3)]
CASES = {
    "concat": ("concat", APPLE, HILL),
    "average": ("average", APPLE, HILL, 0.3),
    "shorter": ("average", APPLE, LONG, 0.75),
    "longer": ("average", LONG, APPLE, 0.6),
    "nested": ("concat", ("average", LONG, ("concat", APPLE, HILL), 0.25), ("average", HILL, APPLE, 0.5)),
}


def states(encode, tokenizer, expression):
    if isinstance(expression, list):
        return comfy(encode, tokenizer, expression)
    kind, *more = expression
    (to, pooled_to), (other, pooled_other) = (states(encode, tokenizer, each) for each in more[:2])
    if kind == "concat":
        return torch.cat([to, other]), pooled_to
    share, other = more[2], other[:len(to)]
    other = torch.cat([other, torch.zeros(len(to) - len(other), to.shape[1])])
    pooled = None if pooled_to is None else pooled_to * share + pooled_other * (1.0 - share)
    return to * share + other * (1.0 - share), pooled


def all_states() -> dict:
    tensors = {}
    for name, home, parts in (
            ("sd1", OUT / "checkpoints/sd1", [(CLIPTextModel, "text_encoder", "tokenizer", False)]),
            ("sdxl", OUT / "sdxl", [
                (CLIPTextModel, "text_encoder", "tokenizer", True),
                (CLIPTextModelWithProjection, "text_encoder_2", "tokenizer_2", True)])):
        loaded = [(encoder(kind.from_pretrained(home / part).eval(), last), CLIPTokenizer.from_pretrained(home / tokens))
                  for kind, part, tokens, last in parts]
        for case, expression in CASES.items():
            found = [states(encode, tokenizer, expression) for encode, tokenizer in loaded]
            tensors[f"{name}/{case}/states"] = torch.cat([one for one, _ in found], -1)[::KEPT]
            if found[-1][1] is not None:
                tensors[f"{name}/{case}/text_embeds"] = found[-1][1]
    return tensors


def combined() -> dict:
    """A run of DDIM that is guided by three prompts of different lengths, of which each counts equally."""
    home, steps, scale = OUT / "checkpoints/sd1", 7, 7.5
    pipe = StableDiffusionPipeline.from_pretrained(home, safety_checker=None)
    encode = encoder(pipe.text_encoder, False)
    prompts = [states(encode, pipe.tokenizer, each)[0] for each in (APPLE, CASES["concat"], HILL)]
    negative = states(encode, pipe.tokenizer, ("concat", HILL, APPLE))[0]
    scheduler = DDIMScheduler.from_pretrained(home / "scheduler")
    scheduler.set_timesteps(steps)
    latents = torch.randn([1, 4, 8, 12], generator=generator(7)) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        noise = lambda state: pipe.unet(latents, timestep, state[None]).sample
        prompted = sum(noise(state) for state in prompts) / len(prompts)
        without = noise(negative)
        latents = scheduler.step(without + (prompted - without) * scale, timestep, latents).prev_sample
    return {"end": latents}


RANGES = [(APPLE, 0.0, 0.5), (CASES["concat"], 0.2, 0.7), (HILL, 0.5, 1.0)]
AGAINST = [(HILL, 0.0, 1.0), (CASES["concat"], 0.2, 0.6)]


def ranged() -> dict:
    """ConditioningSetTimestepRange: calc_cond_batch leaves out what does not count at a noise level, and takes the mean of the rest."""
    pipe = StableDiffusionPipeline.from_pretrained(OUT / "checkpoints/sd1", safety_checker=None)
    encode, scale = encoder(pipe.text_encoder, False), 7.5
    table = comfy_schedules.Table("scaled_linear")
    read = lambda ranges: [(states(encode, pipe.tokenizer, each)[0], start, end) for each, start, end in ranges]

    def level(percent):
        if percent <= 0 or percent >= 1:
            return 999999999.9 if percent <= 0 else 0.0
        return table.sigma(torch.tensor((1.0 - percent) * 999.0)).item()

    def guided(prompts, negatives):
        def model(x, sigma):
            scaled, timestep = x / (sigma**2 + 1) ** 0.5, float(table.timestep(sigma))
            clean = lambda state: x - sigma * pipe.unet(scaled, timestep, state[None]).sample

            def mean(some):
                counting = [state for state, start, end in some if level(end) <= sigma <= level(start)]
                return sum(clean(state) for state in counting) / len(counting)

            without = mean(negatives)
            return without + (mean(prompts) - without) * scale
        return model

    def run(sampler, model):
        sigmas = comfy_schedules.schedule(table, sampler, "normal", 7)
        x = torch.randn([1, 4, 8, 12], generator=generator(7)) * (1 + sigmas[0] ** 2) ** 0.5
        return getattr(comfy_schedules, sampler)(model, x, sigmas, None)

    one = guided(read(RANGES), read([(HILL, 0.0, 1.0)]))
    tensors = {f"ranged/{sampler}": run(sampler, one) for sampler in ("euler", "dpm_2", "dpmpp_2m")}
    many = guided(read(RANGES), read(AGAINST))
    return {**tensors, **{f"against/{sampler}": run(sampler, many) for sampler in ("euler", "dpm_2")}}


def main() -> None:
    torch.set_grad_enabled(False)
    save_tensors(HOME / "conditionings.safetensors", {**all_states(), **combined(), **ranged()})


if __name__ == "__main__":
    main()
