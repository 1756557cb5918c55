"""PixArt-alpha and -Sigma with diffusers' own pipelines: text states, one network call, the trajectory and the picture. Tiny random checkpoints.

The pipelines are run without their table of sizes, and with the plain form of their text cleaning (lower case, no spaces around).
"""

import shutil

import torch
from diffusers import DPMSolverMultistepScheduler, PixArtAlphaPipeline, PixArtSigmaPipeline, PixArtTransformer2DModel

import t5
from checkpoints import randomize, scale_last, vae
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from pipeline import save_picture

HOME = OUT / "pixart"
WIDTH = 24  # of T5's states
KEPT = 40  # of the states of a text's own tokens

PIPELINES = {"alpha": PixArtAlphaPipeline, "sigma": PixArtSigmaPipeline}

CASES = [
    {"name": "alpha", "checkpoint": "alpha", "prompt": "A Red Apple on a green hill ", "negative_prompt": "", "guidance_scale": 4.5, "steps": 20},
    {"name": "alpha-longer", "checkpoint": "alpha", "prompt": "an astronaut riding a horse, " * 4 + "cool", "negative_prompt": "Blurry, dark", "guidance_scale": 2.0,
     "steps": 12},
    {"name": "alpha-cut", "checkpoint": "alpha", "prompt": "the quick brown fox " * 60, "negative_prompt": "", "guidance_scale": 1.0, "steps": 5,
     "width": 32, "height": 48},
    {"name": "sigma", "checkpoint": "sigma", "prompt": "a red apple on a green hill", "negative_prompt": "blurry", "guidance_scale": 4.5, "steps": 20},
]


def transformer(seed: int, **more) -> PixArtTransformer2DModel:
    model = randomize(PixArtTransformer2DModel(
        num_attention_heads=2, attention_head_dim=6, cross_attention_dim=12, num_layers=2, norm_num_groups=4, caption_channels=WIDTH, **more), seed)
    source = generator(seed)
    sizes = {"resolution": torch.tensor([[48.0, 32.0]] * 2), "aspect_ratio": torch.tensor([[1.5]] * 2)}
    answer = model(
        torch.randn([2, 4, 16, 16], generator=source), torch.randn([2, 9, WIDTH], generator=source), torch.tensor([900, 90]),
        added_cond_kwargs=sizes if model.use_additional_conditions else {"resolution": None, "aspect_ratio": None}).sample
    scale_last(model.proj_out, answer, 1.0)
    return model


def checkpoint(name: str, seed: int, **more) -> None:
    _, words = t5.words()
    scheduler = DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.004)
    pipe = PIPELINES[name](
        tokenizer=words, text_encoder=t5.encoder(len(words), seed, WIDTH).half(), vae=vae(seed + 1, block_out_channels=[4, 8], layers_per_block=1).half(),
        transformer=transformer(seed + 2, **more).half(), scheduler=scheduler)
    pipe.save_pretrained(HOME / name)
    save_json(HOME / name / "weir.json", {"native_size": 32})


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    pipe = PIPELINES[case["checkpoint"]].from_pretrained(HOME / case["checkpoint"], torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    states, mask, negative, negative_mask = pipe.encode_prompt(
        case["prompt"], case["guidance_scale"] > 1, case["negative_prompt"], clean_caption=False)
    tensors, steps = {"states": states[:, :min(KEPT, int(mask.sum()))]}, []
    if negative is not None:
        tensors["negative_states"] = negative[:, :min(KEPT, int(negative_mask.sum()))]
    forward = pipe.transformer.forward

    def record(sample, **inputs):
        answer = forward(sample, **inputs)
        if "call/output" not in tensors:
            tensors.update({"call/sample": sample, "call/timestep": inputs["timestep"].float(), "call/output": answer[0][:, :4]})
        return answer

    def stepped(step, timestep, latents):
        steps.append(latents)

    pipe.transformer.forward = record
    image = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"],
        num_inference_steps=case["steps"], generator=generator(case["seed"]), output_type="np", clean_caption=False, use_resolution_binning=False,
        callback=stepped, callback_steps=1).images
    case["recorded"] = sorted({0, len(steps) - 1})
    return tensors | {f"step {number}": steps[number] for number in case["recorded"]}, torch.from_numpy(image).permute(0, 3, 1, 2) * 2 - 1


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    checkpoint("alpha", 710, sample_size=128)
    checkpoint("sigma", 720, sample_size=16, use_additional_conditions=False, attention_bias=False, norm_eps=1e-4)
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": "text_to_image", "width": 48, "height": 32, **case, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
