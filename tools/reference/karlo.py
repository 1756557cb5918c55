"""Karlo, an unCLIP of pixels: a prior, a decoder behind its text projection, and a super-resolution of two networks."""

import shutil

import torch
from diffusers import UNet2DConditionModel, UNet2DModel, UnCLIPPipeline, UnCLIPScheduler
from diffusers.pipelines.unclip.text_proj import UnCLIPTextProjModel
from PIL import Image
from transformers import CLIPTokenizer

from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_cases, save_tensors
from kandinsky import text_encoder
from pipeline import PROMPT, SEED
from priors import prior, recorded
from unets import SIMPLE
from variations import EMBEDDING

HOME = OUT / "karlo"
PIPELINE = HOME / "pipeline"
CONTEXT, SMALL, LARGE = 12, 8, 32

CASES = [
    {"name": "text"},
    {"name": "unguided", "guidance_scale": 1.0, "prior_guidance_scale": 1.0},
    {"name": "empty", "prompt": "", "prior_guidance_scale": 1.0, "guidance_scale": 3.0},
    {"name": "guided_prior", "prior_guidance_scale": 2.5, "guidance_scale": 1.0},
]


def decoder(seed: int) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(
        sample_size=SMALL, in_channels=3, out_channels=6, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=4,
        cross_attention_dim=CONTEXT, class_embed_type="identity", **SIMPLE), seed)
    source = generator(seed)
    answer = model(
        torch.randn([2, 3, SMALL, SMALL], generator=source), torch.tensor([900.0, 90.0]),
        torch.randn([2, 9, CONTEXT], generator=source), class_labels=torch.randn([2, 16], generator=source)).sample
    scale_last(model.conv_out, answer, 0.1)  # guidance by 8 and the division by the least signal would multiply what fp32 rounds
    return model


def super_resolution(seed: int) -> UNet2DModel:
    model = randomize(UNet2DModel(
        sample_size=LARGE, in_channels=6, out_channels=3, block_out_channels=(4, 4), layers_per_block=1, norm_num_groups=4,
        down_block_types=("ResnetDownsampleBlock2D",) * 2, up_block_types=("ResnetUpsampleBlock2D",) * 2, add_attention=False,
        resnet_time_scale_shift="scale_shift"), seed)
    answer = model(torch.randn([2, 6, LARGE, LARGE], generator=generator(seed)), torch.tensor([900.0, 90.0])).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def projection(seed: int) -> UnCLIPTextProjModel:
    model = randomize(UnCLIPTextProjModel(
        clip_embeddings_dim=EMBEDDING, time_embed_dim=16, cross_attention_dim=CONTEXT), seed)
    model.learned_classifier_free_guidance_embeddings.mul_(4)
    return model


def checkpoint() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    words = CLIPTokenizer.from_pretrained(OUT / "checkpoints/sd2/tokenizer")
    parts = {
        "text_encoder": text_encoder(len(words), EMBEDDING, 601), "prior": prior(602, embedding_dim=EMBEDDING),
        "decoder": decoder(603), "text_proj": projection(604), "super_res_first": super_resolution(605),
        "super_res_last": super_resolution(606)}
    UnCLIPPipeline(
        tokenizer=words, **{name: part.half() for name, part in parts.items()},
        prior_scheduler=UnCLIPScheduler(clip_sample_range=5.0, prediction_type="sample"),
        decoder_scheduler=UnCLIPScheduler(variance_type="learned_range"),
        super_res_scheduler=UnCLIPScheduler()).save_pretrained(PIPELINE)


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = UnCLIPPipeline.from_pretrained(PIPELINE, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    found, finish = {}, pipe.prior.post_process_latents
    schedulers = {"prior/": pipe.prior_scheduler, "": pipe.decoder_scheduler, "large/": pipe.super_res_scheduler}
    steps = {name: [] for name in schedulers}
    for name, scheduler in schedulers.items():
        scheduler.step = recorded(scheduler.step, steps[name])

    def finished(latents):
        found["embedding"] = finish(latents)
        return found["embedding"]

    pipe.prior.post_process_latents = finished
    image = pipe(
        case["prompt"], prior_num_inference_steps=case["prior_steps"], decoder_num_inference_steps=case["steps"],
        super_res_num_inference_steps=case["large_steps"], prior_guidance_scale=case["prior_guidance_scale"],
        decoder_guidance_scale=case["guidance_scale"], generator=generator(case["seed"])).images[0]
    for name, key in (("prior/", "prior_recorded"), ("", "recorded"), ("large/", "large_recorded")):
        count = len(steps[name])
        case[key] = sorted({0, count // 2, count - 1} if name != "large/" else {count - 1})
        found |= {f"{name}step {number}": steps[name][number] for number in case[key]}
    return found, image


def main() -> None:
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        case = {"prompt": PROMPT, "sampler": "unclip", "prior_steps": 6, "prior_guidance_scale": 4.0, "guidance_scale": 8.0,
                "width": SMALL, "height": SMALL, "seed": SEED, "steps": 8, "large_steps": 7, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
