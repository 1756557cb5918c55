"""The default model of the repository, as diffusers runs it: networks, loops and pictures."""

import hashlib

import torch

import pipeline
from fixtures import OUT, REPOSITORY, generator, int64, save_json, save_tensors

HOME = REPOSITORY / "models/default"
TIMESTEPS = (999, 500, 20)
CASES = [
    {"name": f"starter-{sampler}", "sampler": sampler, "latent": [16, 16], "guidance_scale": 5.0, "prompt": "a red apple",
     "negative_prompt": negative, "seed": 7, "steps": 20}
    for sampler, negative in (("ddim", ""), ("dpmpp_2m", "blue"))
]

FAST = REPOSITORY / "models/default-fast"
FAST_CASE = {"name": "starter-fast", "sampler": "ddim", "latent": [16, 16], "guidance_scale": 1.0, "prompt": "a red apple",
             "negative_prompt": "", "seed": 7, "steps": 4}


def fast() -> None:
    """A picture of the model in four steps, without guidance."""
    _, image = pipeline.run(pipeline.Parts(FAST), FAST_CASE)
    pipeline.save_picture(OUT / f"{FAST_CASE['name']}.png", image)
    save_json(OUT / "starter-fast.json", [FAST_CASE])


def main() -> None:
    fast()
    parts = pipeline.Parts(HOME)
    states, empty = parts.states("a red apple"), parts.states("")
    start, latents = pipeline.denoise(
        parts.unet, pipeline.scheduler_in(HOME, "ddim"), "ddim", 25, [states, empty], 4.0, [1, 4, 16, 16], generator(42))
    picture = parts.decode(latents)
    moments = parts.vae.encode(picture.clamp(-1, 1)).latent_dist
    tensors = {
        "text/ids": int64([pipeline.encode(parts.tokenizer, "a red apple")]),
        "text/states": states,
        "text/empty": empty,
        "latents_in": start,
        "latents": latents,
        "vae/decoded": parts.decode(start),
        "vae/picture": picture,
        "vae/mean": moments.mean,
        "vae/logvar": moments.logvar,
        **{f"unet/{t}": parts.unet(start, t, states).sample for t in TIMESTEPS},
    }
    for case in CASES:
        found, image = pipeline.run(parts, case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        pipeline.save_picture(OUT / f"{case['name']}.png", image)
    weights = (HOME / "unet/diffusion_pytorch_model.safetensors").read_bytes()
    save_tensors(OUT / "starter.safetensors", tensors)
    save_json(OUT / "starter.json", {"unet_sha256": hashlib.sha256(weights).hexdigest(), "cases": CASES})


if __name__ == "__main__":
    main()
