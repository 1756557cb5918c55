"""Kandinsky 2.2 text to image: its two repositories as two folders, the embeddings, the trajectories of both stages, and the picture."""

import shutil

import torch
from diffusers import (
    DDPMScheduler,
    KandinskyV22CombinedPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorPipeline,
    UNet2DConditionModel,
    UnCLIPScheduler,
    VQModel,
)
from PIL import Image
from transformers import CLIPImageProcessor, CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED
from priors import prior, recorded
from published import SAMPLERS
from unets import SIMPLE
from variations import EMBEDDING, SIDE, vision

HOME = OUT / "kandinsky"
DECODER = HOME / "pipeline"
PRIOR = DECODER / "prior"  # the second repository, in a folder of the first

CASES = [
    {"name": "text"},
    {"name": "negative", "negative_prompt": NEGATIVE, "width": 24, "height": 40, "prior_guidance_scale": 2.5},
    {"name": "unguided", "guidance_scale": 1.0, "prior_guidance_scale": 1.0},
    {"name": "empty_negative", "sampler": "ddim", "negative_prompt": "", "guidance_scale": 2.0, "prior_guidance_scale": 1.0, "steps": 5},
    {"name": "guided_prior", "sampler": "ddim", "prompt": "", "negative_prompt": NEGATIVE, "guidance_scale": 1.0},
]


def text_encoder(tokens: int, width: int, seed: int) -> CLIPTextModelWithProjection:
    return randomize(CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=tokens, hidden_size=width, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=77, hidden_act="gelu", bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=0,
        projection_dim=width)), seed)


def unet(seed: int) -> UNet2DConditionModel:
    model = randomize(UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        cross_attention_dim=12, encoder_hid_dim=EMBEDDING, encoder_hid_dim_type="image_proj", addition_embed_type="image",
        **SIMPLE), seed)
    source = generator(seed)
    answer = model(
        torch.randn([2, 4, 16, 16], generator=source), torch.tensor([900.0, 90.0]), None,
        added_cond_kwargs={"image_embeds": torch.randn([2, EMBEDDING], generator=source)}).sample
    scale_last(model.conv_out, answer, 0.5)
    return model


def movq(seed: int) -> VQModel:
    """A spatial norm has 32 groups whatever the configuration says, so there are as few blocks as can be."""
    model = randomize(VQModel(
        block_out_channels=(32, 32), layers_per_block=0, latent_channels=4, num_vq_embeddings=24, vq_embed_dim=4,
        norm_num_groups=8, norm_type="spatial", sample_size=32, scaling_factor=0.18215,
        down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D")), seed)
    model.quantize.embedding.weight.copy_(snap(torch.randn(model.quantize.embedding.weight.shape, generator=generator(seed))))
    latents = torch.randn([2, 4, 8, 8], generator=generator(seed))
    scale_last(model.decoder.conv_out, model.decode(latents, force_not_quantize=True).sample, 0.5)
    return model


def checkpoint() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    words = CLIPTokenizer.from_pretrained(OUT / "checkpoints/sd2/tokenizer")
    KandinskyV22Pipeline(
        unet=unet(501).half(), movq=movq(502).half(),
        scheduler=DDPMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="linear", variance_type="learned_range",
            clip_sample_range=2.0)).save_pretrained(DECODER)
    KandinskyV22PriorPipeline(
        prior=prior(503, embedding_dim=EMBEDDING).half(), image_encoder=vision(EMBEDDING, "gelu", 504).half(),
        text_encoder=text_encoder(len(words), EMBEDDING, 505).half(), tokenizer=words,
        scheduler=UnCLIPScheduler(clip_sample_range=5.0, prediction_type="sample"),
        image_processor=CLIPImageProcessor(
            size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})).save_pretrained(PRIOR)


def pipeline(case: dict) -> KandinskyV22CombinedPipeline:
    decoder = KandinskyV22Pipeline.from_pretrained(DECODER, torch_dtype=torch.float32)
    embedder = KandinskyV22PriorPipeline.from_pretrained(PRIOR, torch_dtype=torch.float32)
    scheduler = decoder.scheduler
    if case["sampler"] != "ddpm":  # others do not read the variance, and the pipeline cuts it off where no scheduler says that it does
        kind, keys = SAMPLERS[case["sampler"]]
        scheduler = kind.from_config({**scheduler.config, "variance_type": "fixed_small"}, **keys)
    pipe = KandinskyV22CombinedPipeline(
        unet=decoder.unet, scheduler=scheduler, movq=decoder.movq,
        **{f"prior_{name}": part for name, part in embedder.components.items()})
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = pipeline(case)
    found, forward, finish = {}, pipe.unet.forward, pipe.prior_prior.post_process_latents
    prior_steps, steps = [], []

    def call(sample, timestep, encoder_hidden_states, added_cond_kwargs, **inputs):
        found["image_embeds"] = added_cond_kwargs["image_embeds"]
        return forward(sample, timestep, encoder_hidden_states, added_cond_kwargs=added_cond_kwargs, **inputs)

    def finished(latents):
        found["embedding"] = finish(latents)
        return found["embedding"]

    pipe.unet.forward, pipe.prior_prior.post_process_latents = call, finished
    pipe.prior_pipe.scheduler.step = recorded(pipe.prior_pipe.scheduler.step, prior_steps)
    pipe.decoder_pipe.scheduler.step = recorded(pipe.decoder_pipe.scheduler.step, steps)
    image = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], height=case["height"], width=case["width"],
        num_inference_steps=case["steps"], guidance_scale=case["guidance_scale"], generator=generator(case["seed"]),
        prior_num_inference_steps=case["prior_steps"], prior_guidance_scale=case["prior_guidance_scale"]).images[0]
    for name, all_steps in (("prior_recorded", prior_steps), ("recorded", steps)):
        case[name] = sorted({0, len(all_steps) // 2, len(all_steps) - 1})
    return {**found, **{f"prior/step {number}": prior_steps[number] for number in case["prior_recorded"]},
            **{f"step {number}": steps[number] for number in case["recorded"]}}, image


def main() -> None:
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        case = {"prompt": PROMPT, "negative_prompt": None, "sampler": "ddpm", "prior_steps": 6, "prior_guidance_scale": 4.0,
                "guidance_scale": 4.0, "width": 32, "height": 32, "seed": SEED, "steps": 8, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
