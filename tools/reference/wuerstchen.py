"""Wuerstchen: its two repositories as two folders, the trajectories of both stages, and the picture."""

import shutil

import torch
from diffusers import DDPMWuerstchenScheduler, WuerstchenCombinedPipeline, WuerstchenDecoderPipeline, WuerstchenPriorPipeline
from diffusers.pipelines.wuerstchen import WuerstchenDiffNeXt, WuerstchenPrior
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from checkpoints import randomize, scale_last
from fixtures import OUT, generator, save_json
from stable_cascade import CASES, MADE, SIDE, record, trajectories, vqgan

HOME = OUT / "wuerstchen"
DECODER = HOME / "pipeline"
PRIOR = DECODER / "prior"  # the second repository, in a folder of the first
STATES, PRIOR_STATES = 8, 12


def text_encoder(tokens: int, width: int, seed: int) -> CLIPTextModel:
    return randomize(CLIPTextModel(CLIPTextConfig(
        vocab_size=tokens, hidden_size=width, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=77, hidden_act="gelu", bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=0)), seed)


def scaled(model: torch.nn.Module, last: torch.nn.Module, seed: int, side: int, channels: int, **inputs) -> torch.nn.Module:
    """The last layer answers what to take away from a sample, and by what to divide the rest: no number near 0."""
    source = generator(seed)
    inputs = {name: torch.randn([2, *shape], generator=source) for name, shape in inputs.items()}
    found = []
    hook = last.register_forward_hook(lambda module, given, output: found.append(output))
    model(torch.randn([2, channels, side, side], generator=source), r=torch.tensor([0.9, 0.3]), **inputs)
    hook.remove()
    scale_last(last, found[0], 0.25)
    return model


def prior(seed: int) -> WuerstchenPrior:
    model = randomize(WuerstchenPrior(c_in=MADE, c=8, c_cond=PRIOR_STATES, c_r=8, depth=2, nhead=2), seed)
    return scaled(model, model.out[1], seed, 3, MADE, c=[77, PRIOR_STATES])


def decoder(seed: int) -> WuerstchenDiffNeXt:
    model = randomize(WuerstchenDiffNeXt(
        c_in=4, c_out=4, c_r=8, patch_size=2, c_cond=6, c_hidden=[4, 6, 8], nhead=[-1, 2, 2], blocks=[1, 2, 1],
        level_config=["CT", "CTA", "CTA"], inject_effnet=[False, True, True], effnet_embd=MADE, clip_embd=STATES), seed)
    model = scaled(model, model.clf[1], seed, 32, 4, effnet=[MADE, 3, 3], clip=[77, STATES])
    model.clf[1].bias[model.clf[1].out_channels // 2:].add_(2.0)
    return model


def checkpoint() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    words, priors = (CLIPTokenizer.from_pretrained(OUT / f"checkpoints/{name}/tokenizer") for name in ("sd1", "sd2"))
    WuerstchenDecoderPipeline(
        decoder=decoder(711).half(), vqgan=vqgan(712).half(), text_encoder=text_encoder(len(words), STATES, 713).half(),
        tokenizer=words, scheduler=DDPMWuerstchenScheduler()).save_pretrained(DECODER)
    WuerstchenPriorPipeline(
        prior=prior(714).half(), text_encoder=text_encoder(len(priors), PRIOR_STATES, 715).half(), tokenizer=priors,
        scheduler=DDPMWuerstchenScheduler()).save_pretrained(PRIOR)
    save_json(DECODER / "weir.json", {"native_size": SIDE})


def run(case: dict) -> tuple[dict, torch.Tensor]:
    first = WuerstchenPriorPipeline.from_pretrained(PRIOR, torch_dtype=torch.float32)
    own = WuerstchenDecoderPipeline.from_pretrained(DECODER, torch_dtype=torch.float32)
    pipe = WuerstchenCombinedPipeline(**own.components, **{f"prior_{name}": part for name, part in first.components.items()})
    return trajectories(pipe, case)


def main() -> None:
    checkpoint()
    record(HOME, [{"name": "text", "prior_steps": 60, "steps": 12}, *CASES[1:]], run)


if __name__ == "__main__":
    main()
