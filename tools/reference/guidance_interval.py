"""Runs that are guided in a part of their steps, as diffusers' guider with start and stop decides, and with the last difference kept."""

import torch
from diffusers import StableDiffusionPipeline
from diffusers.callbacks import SDCFGCutoffCallback
from diffusers.guiders import ClassifierFreeGuidance

from fixtures import OUT, generator, save_cases, save_tensors
from published import SAMPLERS

HOME = OUT / "guidance_interval"
FOLDER = OUT / "checkpoints/sd1"
PROMPT, NEGATIVE = "a red apple on a green hill", "blurry, dark"
WIDTH, HEIGHT, SEED = 48, 32, 7

# (sampler, steps, scale, rescale, start, end, whether the last difference is kept)
RUNS = [
    ("ddim", 10, 7.5, 0.0, 0.0, 0.5, False),
    ("ddim", 10, 7.5, 0.0, 0.0, 0.5, True),
    ("dpmpp_2m", 7, 5.0, 0.0, 0.2, 0.7, False),
    ("euler", 8, 5.0, 0.7, 0.3, 1.0, False),
    ("euler_ancestral", 9, 4.0, 0.7, 0.0, 0.3, True),
    ("unipc", 9, 6.0, 0.0, 0.25, 0.6, True),
]


def drawn(pipe, steps: int, guider: ClassifierFreeGuidance, keeps: bool):
    """A run, and the number of network rows of each step."""
    prompt, negative = pipe.encode_prompt(PROMPT, "cpu", 1, True, NEGATIVE)
    scheduler, source = pipe.scheduler, generator(SEED)
    scheduler.set_timesteps(steps)
    latents = torch.randn([1, 4, HEIGHT // pipe.vae_scale_factor, WIDTH // pipe.vae_scale_factor], generator=source) * scheduler.init_noise_sigma
    rows, kept = [], None
    for step, timestep in enumerate(scheduler.timesteps):
        guider.set_state(step=step, num_inference_steps=steps, timestep=timestep)
        seen = scheduler.scale_model_input(latents, timestep)
        noise = lambda states: pipe.unet(seen, timestep, states).sample
        rows.append(guider.num_conditions)
        plain = noise(prompt)
        if guider.num_conditions == 2:
            output, _ = guider.forward(plain, noise(negative))
            kept = output - plain
        else:
            output, _ = guider.forward(plain)
            if keeps and kept is not None:
                output = output + kept
        more = {"generator": source} if "Ancestral" in type(scheduler).__name__ else {}
        latents = scheduler.step(output, timestep, latents, **more).prev_sample
    return latents, rows


def loaded(sampler: str) -> StableDiffusionPipeline:
    kind, keys = SAMPLERS[sampler]
    scheduler = kind.from_pretrained(FOLDER, subfolder="scheduler", **keys)
    pipe = StableDiffusionPipeline.from_pretrained(FOLDER, scheduler=scheduler, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def require_the_pipelines_own(pipe, end: torch.Tensor, guided_steps: int, steps: int, scale: float) -> None:
    """The pipeline's callback for this ends at the same latent. Its two rows share a forward, which changes the last bits of each."""
    own = pipe(
        PROMPT, negative_prompt=NEGATIVE, width=WIDTH, height=HEIGHT, num_inference_steps=steps, guidance_scale=scale,
        generator=generator(SEED), output_type="latent", callback_on_step_end=SDCFGCutoffCallback(
            cutoff_step_ratio=None, cutoff_step_index=guided_steps - 1)).images
    torch.testing.assert_close(own, end, atol=1e-3, rtol=1e-3)


def main() -> None:
    tensors, cases = {}, []
    for number, (sampler, steps, scale, rescale, start, end, keeps) in enumerate(RUNS):
        pipe = loaded(sampler)
        guider = ClassifierFreeGuidance(scale, rescale, start=start, stop=end)
        latents, rows = drawn(pipe, steps, guider, keeps)
        if start == 0 and rescale == 0 and not keeps:
            require_the_pipelines_own(pipe, latents, rows.count(2), steps, scale)
        tensors[str(number)] = latents[0]
        cases.append({
            "case": str(number), "workflow": "text_to_image", "prompt": PROMPT, "negative_prompt": NEGATIVE, "width": WIDTH,
            "height": HEIGHT, "seed": SEED, "sampler": sampler, "steps": steps, "guidance_scale": scale, "guidance_rescale": rescale,
            "guidance_start": start, "guidance_end": end, "guidance_reuse": keeps, "rows": rows})
    save_tensors(HOME / "ends.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
