"""Stable Cascade: its two repositories as two folders, the trajectories of both stages, and the picture."""

import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import (
    DDPMWuerstchenScheduler,
    StableCascadeCombinedPipeline,
    StableCascadeDecoderPipeline,
    StableCascadePriorPipeline,
    StableCascadeUNet,
)
from diffusers.pipelines.wuerstchen import PaellaVQModel
from transformers import CLIPTokenizer

from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from kandinsky import text_encoder
from pipeline import NEGATIVE, PROMPT, SEED
from priors import recorded
from variations import EMBEDDING

HOME = OUT / "stable_cascade"
DECODER = HOME / "pipeline"
PRIOR = DECODER / "prior"  # the second repository, in a folder of the first
CONTEXT, MADE, IMAGE, SIDE = 12, 6, 8, 128
RESNET, TIME, ATTENTION = "SDCascadeResBlock", "SDCascadeTimestepBlock", "SDCascadeAttnBlock"

CASES = [
    {"name": "text"},
    {"name": "guided", "negative_prompt": NEGATIVE, "guidance_scale": 1.5, "prior_guidance_scale": 2.5, "width": 2 * SIDE},
    {"name": "unguided", "prompt": "", "prior_guidance_scale": 1.0},
]


def scaled(model: StableCascadeUNet, seed: int, side: int, channels: int, **inputs) -> StableCascadeUNet:
    source = generator(seed)
    inputs = {name: torch.randn([2, *shape], generator=source) for name, shape in inputs.items()}
    answer = model(
        sample=torch.randn([2, channels, side, side], generator=source), timestep_ratio=torch.tensor([0.9, 0.3]), **inputs).sample
    scale_last(model.clf[1], answer, 1.0)
    return model


def prior(seed: int) -> StableCascadeUNet:
    model = randomize(StableCascadeUNet(
        in_channels=MADE, out_channels=MADE, timestep_ratio_embedding_dim=8, patch_size=1, conditioning_dim=CONTEXT,
        block_out_channels=(12, 16), num_attention_heads=(2, 2), down_num_layers_per_block=(1, 2), up_num_layers_per_block=(2, 1),
        block_types_per_layer=((RESNET, TIME, ATTENTION),) * 2, clip_text_in_channels=EMBEDDING, clip_text_pooled_in_channels=EMBEDDING,
        clip_image_in_channels=IMAGE, clip_seq=2, switch_level=(False,)), seed)
    return scaled(model, seed, 3, MADE, clip_text_pooled=[1, EMBEDDING], clip_text=[77, EMBEDDING], clip_img=[1, IMAGE])


def decoder(seed: int) -> StableCascadeUNet:
    model = randomize(StableCascadeUNet(
        in_channels=4, out_channels=4, timestep_ratio_embedding_dim=8, patch_size=2, conditioning_dim=CONTEXT,
        block_out_channels=(8, 12, 16), num_attention_heads=(0, 0, 2), down_num_layers_per_block=(1, 1, 1),
        up_num_layers_per_block=(1, 2, 1), down_blocks_repeat_mappers=(1, 1, 1), up_blocks_repeat_mappers=(2, 1, 2),
        block_types_per_layer=((RESNET, TIME), (RESNET, TIME), (RESNET, TIME, ATTENTION)), clip_text_pooled_in_channels=EMBEDDING,
        clip_seq=2, dropout=0.0, effnet_in_channels=MADE, pixel_mapper_in_channels=3, timestep_conditioning_type=("sca",)), seed)
    return scaled(model, seed, 32, 4, clip_text_pooled=[1, EMBEDDING], effnet=[MADE, 3, 3])


def vqgan(seed: int) -> PaellaVQModel:
    model = randomize(PaellaVQModel(embed_dim=16, bottleneck_blocks=2, num_vq_embeddings=8), seed)
    latents = torch.randn([2, 4, 8, 8], generator=generator(seed))
    scale_last(model.out_block[0], model.decode(model.config.scale_factor * latents).sample, 0.25)
    model.out_block[0].bias.add_(0.5)
    return model


def checkpoint() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    words = CLIPTokenizer.from_pretrained(OUT / "checkpoints/sd2/tokenizer")
    text = text_encoder(len(words), EMBEDDING, 703).half()
    StableCascadeDecoderPipeline(
        decoder=decoder(701).half(), vqgan=vqgan(702).half(), text_encoder=text, tokenizer=words,
        scheduler=DDPMWuerstchenScheduler()).save_pretrained(DECODER)
    for part in ("text_encoder", "tokenizer"):  # the prior's once more
        shutil.rmtree(DECODER / part)
    StableCascadePriorPipeline(
        prior=prior(704).half(), text_encoder=text, tokenizer=words, scheduler=DDPMWuerstchenScheduler(),
        resolution_multiple=42.67).save_pretrained(PRIOR)
    save_json(DECODER / "weir.json", {"native_size": SIDE})


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    first = StableCascadePriorPipeline.from_pretrained(PRIOR, torch_dtype=torch.float32)
    pipe = StableCascadeCombinedPipeline(
        tokenizer=first.tokenizer, text_encoder=first.text_encoder,
        decoder=StableCascadeUNet.from_pretrained(DECODER / "decoder", torch_dtype=torch.float32),
        scheduler=DDPMWuerstchenScheduler.from_pretrained(DECODER / "scheduler"),
        vqgan=PaellaVQModel.from_pretrained(DECODER / "vqgan", torch_dtype=torch.float32),
        **{f"prior_{name}": part for name, part in first.components.items()})
    return trajectories(pipe, case)


def trajectories(pipe, case: dict) -> tuple[dict, torch.Tensor]:
    pipe.set_progress_bar_config(disable=True)
    prior_steps, steps = [], []
    pipe.prior_pipe.scheduler.step = recorded(pipe.prior_pipe.scheduler.step, prior_steps)
    pipe.decoder_pipe.scheduler.step = recorded(pipe.decoder_pipe.scheduler.step, steps)
    image = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], height=case["height"], width=case["width"],
        prior_num_inference_steps=case["prior_steps"], prior_guidance_scale=case["prior_guidance_scale"],
        num_inference_steps=case["steps"], decoder_guidance_scale=case["guidance_scale"], generator=generator(case["seed"])).images[0]
    case["prior_recorded"], case["recorded"] = [0, len(prior_steps) - 1], [len(steps) - 1]
    return {**{f"prior/step {number}": prior_steps[number] for number in case["prior_recorded"]},
            **{f"step {number}": steps[number] for number in case["recorded"]}}, image


def record(home: Path, wanted: list[dict], run: Callable[[dict], tuple[dict, torch.Tensor]]) -> None:
    tensors, cases = {}, []
    for case in wanted:
        case = {"prompt": PROMPT, "negative_prompt": None, "sampler": "wuerstchen", "prior_steps": 5, "prior_guidance_scale": 4.0,
                "guidance_scale": 0.0, "width": SIDE, "height": SIDE, "seed": SEED, "steps": 4, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        if case["name"] == "text":
            image.save(home / "text.png", optimize=True)
        cases.append(case)
    save_tensors(home / "io.safetensors", tensors)
    save_cases(home / "cases.json", cases)


def main() -> None:
    checkpoint()
    record(HOME, CASES, run)


if __name__ == "__main__":
    main()
