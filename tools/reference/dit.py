"""DiT with diffusers' own pipeline: one network call, the trajectory and the picture. Tiny random checkpoints, with and without a variance.

The pipeline has 1000 as the label of no class, so even a tiny checkpoint knows 1000 classes.
"""

import shutil

import torch
from diffusers import DDIMScheduler, DiTPipeline, DiTTransformer2DModel, DPMSolverMultistepScheduler

from checkpoints import randomize, scale_last, vae
from fixtures import OUT, generator, int64, save_cases, save_tensors
from pipeline import save_picture

HOME = OUT / "dit"

CASES = [
    {"name": "guided", "checkpoint": "variance", "class_label": 207, "guidance_scale": 4.0, "steps": 20},
    {"name": "solver", "checkpoint": "variance", "class_label": 999, "guidance_scale": 1.5, "steps": 12, "sampler": "dpmpp_2m"},
    {"name": "unguided", "checkpoint": "plain", "class_label": 0, "guidance_scale": 1.0, "steps": 5},
]


def transformer(seed: int, **more) -> DiTTransformer2DModel:
    model = randomize(DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=6, in_channels=4, num_layers=2, sample_size=16, norm_num_groups=4, **more), seed)
    answer = model(
        torch.randn([2, 4, 16, 16], generator=generator(seed)), torch.tensor([900, 90]), int64([3, 1000])).sample
    scale_last(model.proj_out_2, answer, 1.0)
    return model


def save(name: str, seed: int, **more) -> None:
    scheduler = DDIMScheduler(beta_start=0.0001, beta_end=0.004, clip_sample=False)
    autoencoder = vae(seed + 1, block_out_channels=[4, 8], layers_per_block=1)
    DiTPipeline(transformer(seed, **more).half(), autoencoder.half(), scheduler).save_pretrained(HOME / name)


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    pipe = DiTPipeline.from_pretrained(HOME / case["checkpoint"], torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    if "sampler" in case:
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config, algorithm_type="dpmsolver++", solver_order=2)
    tensors, steps = {}, []
    forward, step = pipe.transformer.forward, pipe.scheduler.step

    def record(sample, timestep, class_labels):
        answer = forward(sample, timestep=timestep, class_labels=class_labels)
        if not tensors:
            # Weir has the row of no class first, and leaves the variance out.
            tensors.update({
                "call/sample": sample, "call/timestep": timestep.float(), "call/output": answer.sample[:, :4].flip(0)})
        return answer

    def stepped(*inputs, **more):
        output = step(*inputs, **more)
        steps.append(output.prev_sample[:1])
        return output

    pipe.transformer.forward, pipe.scheduler.step = record, stepped
    image = pipe(
        [case["class_label"]], guidance_scale=case["guidance_scale"], num_inference_steps=case["steps"],
        generator=generator(case["seed"]), output_type="np").images
    case["recorded"] = sorted({0, len(steps) - 1})
    kept = {f"step {number}": steps[number] for number in case["recorded"]}
    return tensors | kept, torch.from_numpy(image).permute(0, 3, 1, 2) * 2 - 1


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    save("variance", 650, out_channels=8)
    save("plain", 660, out_channels=4, attention_bias=False, norm_eps=1e-3)
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": "image", **case, "width": 32, "height": 32, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
