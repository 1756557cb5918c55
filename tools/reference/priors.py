"""Priors: PriorTransformers by themselves, and StableUnCLIPPipeline, whose prior makes the picture's embedding of the text."""

import functools

import torch
from diffusers import DDPMScheduler, PNDMScheduler, PriorTransformer, StableUnCLIPPipeline
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPTokenizer

import checkpoints
from checkpoints import randomize, scale_last, snap, vae
from fixtures import OUT, generator, save_cases, save_tensors
from pipeline import NEGATIVE, PROMPT, SEED
from published import SAMPLERS
from variations import EMBEDDING, PNDM, save, unet

HOME = OUT / "priors"
PIPELINE = HOME / "pipeline"
TIMESTEPS = [999.0, 500.0, 20.0, 0.0]

CASES = [
    {"name": "text", "sampler": "pndm", "guidance_scale": 10.0},
    {"name": "negative", "sampler": "euler_ancestral", "guidance_scale": 5.0, "negative_prompt": NEGATIVE, "noise_level": 300,
     "prior_steps": 10, "prior_guidance_scale": 2.5, "width": 48, "height": 80},
    {"name": "unguided", "sampler": "ddim", "guidance_scale": 1.0, "noise_level": 999, "prior_guidance_scale": 1.0},
    {"name": "empty", "sampler": "ddim", "guidance_scale": 3.0, "prompt": ""},
]


def prior(seed: int, **config) -> PriorTransformer:
    model = randomize(PriorTransformer(num_attention_heads=2, attention_head_dim=8, num_layers=2, **config), seed)
    source = generator(seed)
    width = model.config.embedding_dim
    # As large as published ones, so that they take part.
    model.positional_embedding.copy_(snap(0.4 * torch.randn(model.positional_embedding.shape, generator=source)))
    model.clip_mean.copy_(snap(0.3 * torch.randn([1, width], generator=source)))
    model.clip_std.copy_(snap(0.5 + torch.rand([1, width], generator=source)))
    rows = inputs(model, source, 4)
    scale_last(model.proj_to_clip_embeddings, model(**rows).predicted_image_embedding, 1.0)
    return model


def inputs(model: PriorTransformer, source: torch.Generator, rows: int) -> dict:
    """Rows with texts of different lengths."""
    config = model.config
    tokens = config.num_embeddings
    lengths = [max(1, tokens * (i + 1) // rows) for i in range(rows)]
    return {
        "hidden_states": torch.randn([rows, config.embedding_dim], generator=source),
        "timestep": torch.tensor(TIMESTEPS[:rows]),
        "proj_embedding": torch.randn([rows, config.embedding_proj_dim or config.embedding_dim], generator=source),
        "encoder_hidden_states": torch.randn([rows, tokens, config.embedding_dim], generator=source),
        "attention_mask": torch.tensor([[i < length for i in range(tokens)] for length in lengths])}


def record(name: str, model: PriorTransformer, seed: int) -> None:
    rows = inputs(model, generator(seed), 4)
    answer = model(**rows).predicted_image_embedding
    model.half().save_pretrained(HOME / name)
    model.float()
    save_tensors(HOME / name / "io.safetensors", {
        **rows, "attention_mask": rows["attention_mask"].float(), "predicted": answer.reshape(answer.shape[0], -1),
        "post_processed": model.post_process_latents(rows["hidden_states"])})


def checkpoint() -> None:
    """As diffusers' guide makes it: SD 2.1 unCLIP small with Karlo's prior and OpenAI's CLIP."""
    normalizer = StableUnCLIPImageNormalizer(EMBEDDING)
    source = generator(401)
    normalizer.mean.copy_(snap(0.3 * torch.randn([1, EMBEDDING], generator=source)))
    normalizer.std.copy_(snap(0.5 + torch.rand([1, EMBEDDING], generator=source)))
    words, own = (CLIPTokenizer.from_pretrained(OUT / f"checkpoints/{name}/tokenizer") for name in ("sd2", "sd1"))
    text = randomize(CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=len(own), hidden_size=EMBEDDING, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=len(own) - 2, eos_token_id=len(own) - 1,
        pad_token_id=1, projection_dim=EMBEDDING)), 402)
    text.half()
    model = prior(403, embedding_dim=EMBEDDING)
    model.half()
    save(StableUnCLIPPipeline(
        prior_tokenizer=own, prior_text_encoder=text, prior=model,
        prior_scheduler=DDPMScheduler(
            beta_schedule="squaredcos_cap_v2", variance_type="fixed_small_log", clip_sample=True, clip_sample_range=5.0,
            prediction_type="sample"),
        image_normalizer=normalizer, image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        tokenizer=words, text_encoder=checkpoints.clip(len(words), "gelu", 404),
        unet=unet(405, 2 * EMBEDDING, class_embed_type="projection", projection_class_embeddings_input_dim=2 * EMBEDDING),
        scheduler=PNDMScheduler(**PNDM, prediction_type="v_prediction"),
        vae=vae(406, block_out_channels=(8, 8, 16), layers_per_block=1, scaling_factor=0.18215)), PIPELINE)


def pipeline(case: dict) -> StableUnCLIPPipeline:
    pipe = StableUnCLIPPipeline.from_pretrained(PIPELINE, torch_dtype=torch.float32)
    scheduler, keys = SAMPLERS[case["sampler"]]
    pipe.scheduler = scheduler.from_pretrained(PIPELINE, subfolder="scheduler", **keys)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def recorded(step, steps: list):
    @functools.wraps(step)  # the pipeline looks whether it takes a generator
    def record(*args, **kwargs):
        answer = step(*args, **kwargs)
        steps.append(answer[0])
        return answer
    return record


def run(case: dict) -> tuple[dict, Image.Image]:
    """Everything on the way of one picture, by name."""
    pipe = pipeline(case)
    found, embed, forward = {}, pipe.prior.forward, pipe.unet.forward
    prior_steps, steps = [], []

    def prior_call(sample, timestep, proj_embedding, encoder_hidden_states, attention_mask):
        answer = embed(sample, timestep, proj_embedding, encoder_hidden_states, attention_mask)
        if "prior/output" not in found:
            found.update({
                "prior/sample": sample, "prior/timestep": timestep.float().reshape(1), "prior/text_embeds": proj_embedding,
                "prior/states": encoder_hidden_states, "prior/mask": attention_mask.float(), "prior/output": answer[0]})
        return answer

    def call(sample, timestep, encoder_hidden_states, class_labels=None, **inputs):
        answer = forward(sample, timestep, encoder_hidden_states, class_labels=class_labels, **inputs)
        if "call/output" not in found:
            found.update({
                "call/sample": sample, "call/timestep": torch.as_tensor(timestep).float().reshape(1),
                "call/states": encoder_hidden_states, "call/labels": class_labels, "call/output": answer[0]})
        return answer

    pipe.prior.forward, pipe.unet.forward = prior_call, call
    pipe.prior_scheduler.step = recorded(pipe.prior_scheduler.step, prior_steps)
    pipe.scheduler.step = recorded(pipe.scheduler.step, steps)
    image = pipe(
        case["prompt"], height=case["height"], width=case["width"], num_inference_steps=case["steps"],
        guidance_scale=case["guidance_scale"], negative_prompt=case["negative_prompt"], generator=generator(case["seed"]),
        noise_level=case["noise_level"], prior_num_inference_steps=case["prior_steps"],
        prior_guidance_scale=case["prior_guidance_scale"]).images[0]
    for name, all_steps in (("prior_recorded", prior_steps), ("recorded", steps)):
        case[name] = sorted({0, 1, len(all_steps) // 2, len(all_steps) - 1})
    return {**found, **{f"prior/step {number}": prior_steps[number] for number in case["prior_recorded"]},
            "embedding": pipe.prior.post_process_latents(prior_steps[-1]),
            **{f"step {number}": steps[number] for number in case["recorded"]}}, image


def main() -> None:
    # As Karlo's and Kandinsky's.
    record("published", prior(410, embedding_dim=12), 411)
    # Every other form of a prior that reads a text.
    record("normed", prior(
        420, embedding_dim=12, num_embeddings=9, additional_embeddings=3, norm_in_type="layer",
        embedding_proj_norm_type="layer", added_emb_type=None, time_embed_act_fn="gelu", time_embed_dim=24,
        embedding_proj_dim=10, clip_embed_dim=12), 421)
    checkpoint()
    tensors, cases = {}, []
    for case in CASES:
        case = {"prompt": PROMPT, "negative_prompt": None, "noise_level": 0, "prior_steps": 25, "prior_guidance_scale": 4.0,
                "width": 64, "height": 64, "seed": SEED, "steps": 20, **case}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        image.save(HOME / f"{case['name']}.png", optimize=True)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
