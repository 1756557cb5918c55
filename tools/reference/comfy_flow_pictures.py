"""Flux.1, Stable Diffusion 3 and Z-Image along ComfyUI's noise levels (comfy_flows.py), by diffusers' pipelines with another scheduler in them.
The checkpoints are those of flux.py, sd3.py and z_image.py, which calls this script with newer packages. Texts have the lengths that diffusers
gives them.
"""

import diffusers
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from comfy_flows import DiscreteFlow, Flux, levels, res_step
from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import save_picture

SAME = {"workflow": "text_to_image", "width": 48, "height": 32, "seed": 7}
FRAGMENTS = [("a ", 1.0), ("red", 1.4), (" apple (old) on a ", 1.0), ("green", 1.1), (" hill", 1.0)]
WEIGHTS = {"prompt": "a (red:1.4) apple \\(old\\) on a (green) hill", "prompt_syntax": "comfyui"}
CASES = {
    "flux": [
        {"name": "dev", "checkpoint": "dev", "prompt": "an astronaut riding a horse", "negative_prompt": None, "guidance_scale": 3.5, "steps": 7,
         "scheduler": "simple", "method": "euler"},
        {"name": "weights", "checkpoint": "dev", **WEIGHTS, "negative_prompt": None, "guidance_scale": 3.5, "steps": 3, "scheduler": "simple",
         "method": "euler"},
        {"name": "schnell", "checkpoint": "schnell", "prompt": "a red apple", "negative_prompt": None, "guidance_scale": 1.0, "steps": 4,
         "scheduler": "beta", "method": "euler"},
    ],
    "sd3": [
        {"name": "sgm", "checkpoint": "sd3", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 4.5,
         "steps": 8, "scheduler": "sgm_uniform", "method": "dpmpp_2m"},
        # At steps 1 and 2 the levels are nearly those of the bounds; both count at the second of them.
        {"name": "zeros", "checkpoint": "sd3", "prompt": "a red apple on a green hill", "negative_prompt": "blurry, dark", "guidance_scale": 4.0,
         "steps": 10, "scheduler": "simple", "method": "euler", "against": [[None, 0.1, 1.0], ["blurry, dark", 0.0, 0.2]]},
        {"name": "weights", "checkpoint": "sd3", **WEIGHTS, "negative_prompt": "blurry, dark", "guidance_scale": 4.0, "steps": 3,
         "scheduler": "simple", "method": "euler"},
    ],
    # Its guidance scale is one less than ComfyUI's.
    "z_image": [
        {"name": "turbo", "checkpoint": "model", "prompt": "a (red:1.2) apple on a green hill", "negative_prompt": None, "guidance_scale": 0.0,
         "steps": 8, "scheduler": "simple", "method": "res_multistep"},
        {"name": "guided", "checkpoint": "model", "prompt": "a red apple on a green hill", "negative_prompt": "", "guidance_scale": 3.0,
         "steps": 6, "scheduler": "beta", "method": "euler"},
    ],
}
PIPELINES = {"flux": "FluxPipeline", "sd3": "StableDiffusion3Pipeline", "z_image": "ZImagePipeline"}
TABLES = {"dev": Flux(1.15), "schnell": DiscreteFlow(1.0), "sd3": DiscreteFlow(3.0), "model": DiscreteFlow(3.0)}


class ComfyScheduler(FlowMatchEulerDiscreteScheduler):
    """Levels and steps of a case, whatever the pipeline says."""

    def follow(self, case: dict) -> "ComfyScheduler":
        self.case = case
        return self

    def set_timesteps(self, num_inference_steps=None, device=None, sigmas=None, mu=None):
        self.sigmas = levels(TABLES[self.case["checkpoint"]], self.case["scheduler"], self.case["steps"])
        self.timesteps = self.sigmas[:-1] * 1000
        self.num_inference_steps = len(self.timesteps)
        self.done, self.before, self.last = 0, None, None

    def step(self, output, timestep, sample, return_dict=True, **kwargs):
        now, then = self.sigmas[self.done], self.sigmas[self.done + 1]
        clean = sample - now * output
        if self.case["method"] == "euler":
            after = sample + (sample - clean) / now * (then - now)
        elif self.case["method"] == "res_multistep":
            after = res_step(sample, clean, now, then, self.before, self.last)
        else:
            used, stride = clean, now.log() - then.log()
            if self.before is not None and then > 0:
                ratio = (self.sigmas[self.done - 1].log() - now.log()) / stride
                used = (1 + 1 / (2 * ratio)) * clean - 1 / (2 * ratio) * self.before
            after = then / now * sample - (-stride).expm1() * used
        self.done, self.before, self.last = self.done + 1, clean, now
        return (after,)


def weighted(tokenizer, encoder, length: int, output) -> tuple[torch.Tensor, torch.Tensor]:
    """FRAGMENTS in one row: each is tokenized for itself, and states are as far from those of the empty prompt as the weight says
    (encode_token_weights of comfy/sd1_clip.py). Also what the encoder gives for the row."""
    none = tokenizer("", padding="max_length", max_length=length).input_ids
    own = len(tokenizer("").input_ids)
    ids, weights = none[:own - 1], [1.0] * (own - 1)
    for text, weight in FRAGMENTS:
        words = tokenizer(text).input_ids[own - 1:-1]
        ids, weights = ids + words, weights + [weight] * len(words)
    ids = ids + none[own - 1:own] + none[own:][:length - len(ids) - 1]
    weights = torch.tensor(weights + [1.0] * (length - len(weights)))[:, None]
    told, empty = encoder(torch.tensor([ids]), output_hidden_states=True), encoder(torch.tensor([none]), output_hidden_states=True)
    states, without = output(told), output(empty)
    return torch.where(weights == 1, states, (states - without) * weights + without), told


def set_weights(pipe, family: str) -> None:
    """What the pipeline is told of the prompt."""
    last, before = (lambda found: found[0]), (lambda found: found.hidden_states[-2])
    if family == "flux":
        t5, _ = weighted(pipe.tokenizer_2, pipe.text_encoder_2, 512, last)
        pooled = weighted(pipe.tokenizer, pipe.text_encoder, 77, last)[1].pooler_output
        forward = pipe.transformer.forward
        pipe.transformer.forward = lambda **more: forward(**{**more, "encoder_hidden_states": t5, "pooled_projections": pooled})
        return
    clips = [weighted(tokenizer, encoder, 77, before) for tokenizer, encoder in (
        (pipe.tokenizer, pipe.text_encoder), (pipe.tokenizer_2, pipe.text_encoder_2))]
    t5, _ = weighted(pipe.tokenizer_3, pipe.text_encoder_3, 256, last)
    both = torch.cat([states for states, _ in clips], -1)
    states = torch.cat([torch.nn.functional.pad(both, (0, t5.shape[-1] - both.shape[-1])), t5], -2)
    pooled = torch.cat([told.text_embeds for _, told in clips], -1)
    forward = pipe.transformer.forward
    pipe.transformer.forward = lambda **more: forward(**{
        **more, "encoder_hidden_states": torch.cat([more["encoder_hidden_states"][:1], states]),
        "pooled_projections": torch.cat([more["pooled_projections"][:1], pooled])})


def set_against(pipe, case: dict) -> None:
    """Negative prompts with the parts of the run in which they count, and zeros in the place of None: ConditioningSetTimestepRange,
    ConditioningZeroOut and ConditioningCombine, as calc_cond_batch of comfy/samplers.py computes them."""
    forward, table, states = pipe.transformer.forward, TABLES[case["checkpoint"]], {}
    for text in [text for text, _, _ in case["against"] if text is not None]:
        embeds, _, pooled, _ = pipe.encode_prompt(text, None, None, do_classifier_free_guidance=False)
        states |= {text: (embeds, pooled), None: (torch.zeros_like(embeds), torch.zeros_like(pooled))}

    def level(percent: float) -> float:
        return 1.0 if percent <= 0 else 0.0 if percent >= 1 else table.sigma((1.0 - percent) * 1000)

    def combined(hidden_states, timestep, encoder_hidden_states, pooled_projections, **more):
        sigma, outputs = pipe.scheduler.sigmas[pipe.scheduler.done], []
        for text, start, end in case["against"]:
            if level(end) <= sigma <= level(start):
                embeds, pooled = states[text]
                outputs.append(forward(hidden_states[:1], embeds, pooled, timestep[:1], **more)[0])
        prompted = forward(hidden_states[1:], encoder_hidden_states[1:], pooled_projections[1:], timestep[1:], **more)[0]
        return (torch.cat([sum(outputs) / len(outputs), prompted]),)

    pipe.transformer.forward = combined


def run(family: str, case: dict) -> tuple[dict, torch.Tensor]:
    pipe = getattr(diffusers, PIPELINES[family]).from_pretrained(OUT / family / case["checkpoint"], torch_dtype=torch.float32)
    pipe.scheduler = ComfyScheduler.from_config(pipe.scheduler.config).follow(case)
    pipe.set_progress_bar_config(disable=True)
    if "against" in case:
        set_against(pipe, case)
    if "prompt_syntax" in case:
        set_weights(pipe, family)
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


def main(families: tuple[str, ...] = ("flux", "sd3")) -> None:
    for family in families:
        tensors, index = {}, []
        for case in CASES[family]:
            case = {**SAME, **case, "sampler": f"flow_{case['method']}:schedule=comfyui_{case['scheduler']}"}
            found, image = run(family, case)
            tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
            save_picture(OUT / family / f"comfyui-{case['name']}.png", image)
            index.append(case)
        save_tensors(OUT / family / "comfyui.safetensors", tensors)
        save_cases(OUT / family / "comfyui.json", index)


if __name__ == "__main__":
    main()
