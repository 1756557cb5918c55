"""Models without text: one network call, the trajectory and the picture of diffusers' own pipelines, of tiny random checkpoints.

No pipeline of diffusers gives DDPM a class, so `classes` is DDPMPipeline's loop with a label.
"""

import functools
import shutil

import torch
from diffusers import (
    CMStochasticIterativeScheduler, ConsistencyModelPipeline, DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler, LDMPipeline,
    PNDMPipeline, PNDMScheduler, ScoreSdeVePipeline, ScoreSdeVeScheduler, UNet2DModel, VQModel)

from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, int64, save_cases, save_tensors
from pipeline import save_picture

HOME = OUT / "pixel"

CASES = [
    {"name": "ddpm", "steps": 20},
    {"name": "grey", "steps": 20},
    {"name": "ddim", "steps": 20},
    {"name": "ddim-eta", "folder": "ddim", "steps": 20, "sampler": "ddim:eta=0.5", "eta": 0.5},
    {"name": "pndm", "steps": 20},
    {"name": "classes-3", "folder": "classes", "steps": 20, "class_label": 3},
    {"name": "classes-9", "folder": "classes", "steps": 20, "class_label": 9},
    {"name": "consistency-1", "folder": "consistency", "steps": 1, "class_label": 4},
    {"name": "consistency-4", "folder": "consistency", "steps": 4, "class_label": 0},
    {"name": "score", "steps": 20},
    {"name": "ldm", "steps": 20},
]
ATTENTION = {
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]}


def unet(seed: int, times=(900.0, 90.0), **config) -> UNet2DModel:
    config = {
        "sample_size": 8, "in_channels": 3, "out_channels": 3, "layers_per_block": 1, "block_out_channels": [8, 12],
        "norm_num_groups": 4, "attention_head_dim": 4, **ATTENTION, **config}
    model = randomize(UNet2DModel(**config), seed)
    probe = torch.randn([2, config["in_channels"], 8, 8], generator=generator(seed))
    if model.config.time_embedding_type == "fourier":
        model.time_proj.weight.copy_(snap(2 * torch.randn(model.time_proj.weight.shape, generator=generator(seed))))
    labels = int64([3, 7]) if model.config.num_class_embeds else None
    answer = model(probe, torch.tensor(times), class_labels=labels).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def vqvae(seed: int) -> VQModel:
    model = randomize(VQModel(
        block_out_channels=[8, 8], down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=3, num_vq_embeddings=24, sample_size=16, scaling_factor=0.5, norm_num_groups=4), seed)
    latents = torch.randn([2, 3, 8, 8], generator=generator(seed))
    scale_last(model.decoder.conv_out, model.decode(latents / 0.5).sample, 0.5)
    return model


def checkpoints() -> dict:
    classes = {"num_class_embeds": 10, "resnet_time_scale_shift": "scale_shift"}
    return {
        "ddpm": DDPMPipeline(unet(300), DDPMScheduler(variance_type="fixed_large")),
        "grey": DDPMPipeline(unet(301, in_channels=1, out_channels=1), DDPMScheduler(beta_schedule="squaredcos_cap_v2")),
        # With DDIM's own beta_end, a random network makes 1e-5 to 1e-4 of float32's rounding, as much as the tests allow.
        "ddim": DDIMPipeline(unet(320), DDIMScheduler(beta_end=0.001)),
        "pndm": PNDMPipeline(unet(303), PNDMScheduler(beta_end=0.001)),
        "classes": DDPMPipeline(unet(304, **classes), DDPMScheduler()),
        "consistency": ConsistencyModelPipeline(unet(305, **classes), CMStochasticIterativeScheduler()),
        "score": ScoreSdeVePipeline(
            unet(306, times=(0.4, 0.05), time_embedding_type="fourier"), ScoreSdeVeScheduler(sigma_max=0.4, snr=0.05)),
        "ldm": LDMPipeline(vqvae(307), unet(308), DDIMScheduler(
            beta_start=0.0015, beta_end=0.004, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False)),
    }


def save() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    for name, pipe in checkpoints().items():
        for model in pipe.components.values():
            if isinstance(model, torch.nn.Module):
                model.half()
        pipe.save_pretrained(HOME / name)


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name; and the picture, in [0, 1]."""
    home = HOME / case.get("folder", case["name"])
    kind = {"ddpm": DDPMPipeline, "grey": DDPMPipeline, "ddim": DDIMPipeline, "pndm": PNDMPipeline, "classes": DDPMPipeline,
            "consistency": ConsistencyModelPipeline, "score": ScoreSdeVePipeline, "ldm": LDMPipeline}[home.name]
    pipe = kind.from_pretrained(home, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    calls, steps, label = [], [], case.get("class_label")
    forward, scheduler = pipe.unet.forward, pipe.scheduler
    options = {name: case[name] for name in ("eta",) if name in case}
    if label is not None and kind is ConsistencyModelPipeline:
        options["class_labels"] = label

    def called(sample, timestep, class_labels=None, **more):
        labels = int64([label]) if label is not None else None
        answer = forward(sample, timestep, class_labels=labels, **more)
        if not calls:
            calls.append({"sample": sample, "timestep": torch.as_tensor(timestep).reshape(1).float(), "output": answer[0]})
        return answer

    def recorded(step):
        @functools.wraps(step)  # LDMPipeline looks at the parameters
        def stepped(*inputs, **more):
            output = step(*inputs, **more)
            steps.append(output.prev_sample)
            return output
        return stepped

    pipe.unet.forward = called
    for name in ("step", "step_pred", "step_correct"):
        if hasattr(scheduler, name):
            setattr(scheduler, name, recorded(getattr(scheduler, name)))
    image = pipe(
        num_inference_steps=case["steps"], generator=generator(case["seed"]), output_type="np", **options).images
    if kind is ScoreSdeVePipeline:
        steps.pop()  # its noise is left out of the picture
    tensors = {f"call/{key}": value for key, value in calls[0].items()}
    tensors["trajectory"] = torch.cat(steps)
    return tensors, torch.from_numpy(image).permute(0, 3, 1, 2)


def main() -> None:
    save()
    tensors, cases = {}, []
    for case in CASES:
        case = {"folder": case["name"], **case, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / "pictures" / f"{case['name']}.png", image.expand(-1, 3, -1, -1) * 2 - 1)
        cases.append(case)
    save_tensors(HOME / "pictures/io.safetensors", tensors)
    save_cases(HOME / "pictures/cases.json", cases)


if __name__ == "__main__":
    main()
