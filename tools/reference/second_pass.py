"""A second pass over the latent of a first one, as Automatic1111's enable_hr with a latent upscaler computes it: diffusers' text to image
up to its latent, torch.nn.functional.interpolate, and diffusers' image to image, which takes latents as they are."""

from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from torch.nn.functional import interpolate

from fixtures import OUT, generator
from pipeline import NEGATIVE, PROMPT, SEED
from published import SAMPLERS

CHECKPOINT = OUT / "checkpoints/sd1"
FIRST, SECOND = (48, 32), (96, 64)


def main() -> None:
    scheduler, keys = SAMPLERS["ddim"]
    both = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "guidance_scale": 7.5}
    parts = {"safety_checker": None, "scheduler": scheduler.from_pretrained(CHECKPOINT, subfolder="scheduler", **keys)}
    first = StableDiffusionPipeline.from_pretrained(CHECKPOINT, **parts)
    latent = first(**both, num_inference_steps=10, width=FIRST[0], height=FIRST[1], generator=generator(SEED), output_type="latent").images
    factor = first.vae_scale_factor
    larger = interpolate(latent, size=(SECOND[1] // factor, SECOND[0] // factor), mode="bilinear", antialias=True)
    second = StableDiffusionImg2ImgPipeline.from_pretrained(CHECKPOINT, **parts)
    # Of 14 steps the strength leaves 8.
    image = second(**both, image=larger, num_inference_steps=14, strength=0.6, generator=generator(SEED)).images[0]
    image.save(OUT / "images/second-pass.png", optimize=True)


if __name__ == "__main__":
    main()
