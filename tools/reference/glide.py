"""GLIDE (Nichol et al. 2021, arXiv 2112.10741): states, one call of each network, and trajectories of both.

openai/glide-text2im is in no package registry, so this is NOT the published code: the text transformer and the attention to text are written
here as torch modules, with the names and the order of arithmetic of that repository. The rest of the UNet, the diffusion and its learned
variances are those of openai/guided-diffusion, as the package guided-diffusion-sdk 1.0.0 has it, from which GLIDE's are derived. Each
network's noise begins with the seed, and is that of one picture: the repository's notebook draws for the guided and the unguided one, and
goes on with the same generator.

Checkpoints are not stored: the numbers of each tensor follow from its name (`adm.numbers`), and Weir's test makes the same .pt files.
"""

import functools
import gzip
import json
import math
import shutil

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from guided_diffusion import gaussian_diffusion as gd
from guided_diffusion.nn import normalization, timestep_embedding
from guided_diffusion.respace import SpacedDiffusion, space_timesteps
from guided_diffusion.unet import AttentionBlock, UNetModel
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Tokenizer

from adm import numbers
from fixtures import OUT, generator, int64, save_cases, save_tensors

HOME = OUT / "glide"
HEAD = 64
CONTEXT, WIDTH, LAYERS = 20, 128, 2
SMALL, LARGE = 8, 16
TEMPERATURE = 0.997
END = "<|endoftext|>"

CAPTIONS = ["an oil painting of a corgi", "a red apple on a green hill", "the horse rides an astronaut", "it's a photo of two cats' eyes"] * 3
STRINGS = [
    "", " ", "  an oil   painting ", "An Oil Painting of a CORGI", "it's they're I'LL don't", "a\tcat\n\non a hill", "12 34,567 8.9!",
    "café naïve ÜBER İstanbul ΟΔΟΣ", "日本語 と 絵文字 🦊🎨", END, "a " + END + " b", "x" * 60, "!!! ... ??? -- ()", "a\u00a0b\u3000c", "  ",
]

NETWORKS = {
    "base": {"image_size": SMALL, "in_channels": 3, "model_channels": HEAD, "out_channels": 6, "num_res_blocks": 1,
             "attention_resolutions": (2,), "channel_mult": (1, 2)},
    "upsampler": {"image_size": LARGE, "in_channels": 6, "model_channels": HEAD, "out_channels": 6, "num_res_blocks": 1,
                  "attention_resolutions": (2, 4), "channel_mult": (1, 1, 2)},
}

# model_and_diffusion_defaults of the repository, and those of the upsampler.
PUBLISHED = {
    "base": {"image_size": 64, "in_channels": 3, "model_channels": 192, "out_channels": 6, "num_res_blocks": 3,
             "attention_resolutions": (2, 4, 8), "channel_mult": (1, 2, 3, 4)},
    "upsample": {"image_size": 256, "in_channels": 6, "model_channels": 192, "out_channels": 6, "num_res_blocks": 2,
                 "attention_resolutions": (8, 16, 32), "channel_mult": (1, 1, 2, 2, 4, 4)},
}
PUBLISHED_TEXT = {"vocabulary": 50257, "context": 128, "width": 512, "layers": 16}

CASES = [
    {"name": "guided", "prompt": "an oil painting of a corgi", "negative_prompt": None, "steps": 12, "guidance_scale": 3.0, "upsampler_steps": 27},
    {"name": "unguided", "prompt": "Two cats on a hill", "negative_prompt": None, "steps": 8, "guidance_scale": 1.0, "upsampler_steps": 10},
    {"name": "negative", "prompt": "two horses", "negative_prompt": "a photo", "steps": 8, "guidance_scale": 5.0, "upsampler_steps": 27},
]


def write_tokenizer() -> None:
    """GPT-2's kind: bytes, merges, and the end of the text as the last token."""
    folder = HOME / "tokenizer"
    folder.mkdir(parents=True)
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(CAPTIONS, vocab_size=330, min_frequency=2)
    tokenizer.save_model(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text())
    vocabulary[END] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))


@functools.cache
def tokenizer() -> GPT2Tokenizer:
    return GPT2Tokenizer(str(HOME / "tokenizer/vocab.json"), str(HOME / "tokenizer/merges.txt"))


def ids(text: str) -> list:
    """The end of the text is no token of its own in a prompt there."""
    return tokenizer().encode(text.lower(), split_special_tokens=True)


def padded(text: str):
    tokens = ids(text)[:CONTEXT]
    padding = CONTEXT - len(tokens)
    mask = torch.tensor([[True] * len(tokens) + [False] * padding])
    return int64([tokens + [len(tokenizer()) - 1] * padding]), mask


class Attention(nn.Module):
    """Of pixels, to the text before themselves. Queries, keys and values of each head lie together."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.heads = channels // HEAD
        self.norm = normalization(channels)
        self.qkv = nn.Conv1d(channels, channels * 3, 1)
        self.encoder_kv = nn.Conv1d(width, channels * 2, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x):
        batch, channels, *sides = x.shape
        flat = x.reshape(batch, channels, -1)
        q, k, v = self.qkv(self.norm(flat)).reshape(batch * self.heads, HEAD * 3, -1).split(HEAD, dim=1)
        text_k, text_v = self.encoder_kv(self.states).reshape(batch * self.heads, HEAD * 2, -1).split(HEAD, dim=1)
        k, v = torch.cat([text_k, k], dim=-1), torch.cat([text_v, v], dim=-1)
        scale = HEAD ** -0.25
        weight = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale), dim=-1)
        seen = torch.einsum("bts,bcs->bct", weight, v).reshape(batch, channels, -1)
        return x + self.proj_out(seen).reshape(batch, channels, *sides)


class TextAttention(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.c_qkv = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.c_qkv(x).view(batch, tokens, width // HEAD, 3 * HEAD).split(HEAD, dim=-1)
        scale = 1 / math.sqrt(math.sqrt(HEAD))
        weight = torch.softmax(torch.einsum("bthc,bshc->bhts", q * scale, k * scale), dim=-1)
        return self.c_proj(torch.einsum("bhts,bshc->bthc", weight, v).reshape(batch, tokens, width))


class Feed(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class TextBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.attn, self.ln_1, self.mlp, self.ln_2 = TextAttention(width), nn.LayerNorm(width), Feed(width), nn.LayerNorm(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class TextTransformer(nn.Module):
    def __init__(self, width: int, layers: int):
        super().__init__()
        self.resblocks = nn.ModuleList(TextBlock(width) for _ in range(layers))

    def forward(self, x):
        for block in self.resblocks:
            x = block(x)
        return x


class TextUNet(UNetModel):
    """The last token's state is added to the timestep's embedding; attentions see the states of all tokens."""

    def __init__(self, vocabulary: int, context: int, width: int, layers: int, **options):
        super().__init__(num_head_channels=HEAD, use_scale_shift_norm=True, resblock_updown=True, **options)
        for blocks in (*self.input_blocks, self.middle_block, *self.output_blocks):
            for number, block in enumerate(blocks):
                if isinstance(block, AttentionBlock):
                    blocks[number] = Attention(block.channels, width)
        self.transformer = TextTransformer(width, layers)
        self.final_ln = nn.LayerNorm(width)
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(context, width))
        self.padding_embedding = nn.Parameter(torch.empty(context, width))
        self.transformer_proj = nn.Linear(width, 4 * options["model_channels"])

    def states(self, tokens, mask):
        x = self.token_embedding(tokens) + self.positional_embedding[None]
        x = torch.where(mask[..., None], x, self.padding_embedding[None])
        return self.final_ln(self.transformer(x))

    def forward(self, x, timesteps, tokens, mask, low_res=None):
        if low_res is not None:
            x = torch.cat([x, F.interpolate(low_res, x.shape[2:], mode="bilinear", align_corners=False)], dim=1)
        states = self.states(tokens, mask)
        embedding = self.time_embed(timestep_embedding(timesteps, self.model_channels)) + self.transformer_proj(states[:, -1])
        for module in self.modules():
            if isinstance(module, Attention):
                module.states = states.permute(0, 2, 1)
        passed = []
        for block in self.input_blocks:
            x = block(x, embedding)
            passed.append(x)
        x = self.middle_block(x, embedding)
        for block in self.output_blocks:
            x = block(torch.cat([x, passed.pop()], dim=1), embedding)
        return self.out(x)


@functools.cache
def network(name: str):
    """The network, and of each tensor its shape and what its numbers are multiplied by and added to."""
    model = TextUNet(len(tokenizer()), CONTEXT, WIDTH, LAYERS, **NETWORKS[name]).eval().requires_grad_(False)
    tensors = []
    for key, parameter in model.state_dict().items():
        matrix = parameter.dim() > 1 and "embedding" not in key
        norm = parameter.dim() == 1 and key.endswith("weight")
        scale = (3 / parameter[0].numel()) ** 0.5 if matrix else 0.5 if "embedding" in key else 0.2
        if key.startswith("out.2."):
            scale *= 0.3
        own = name + "/" + key
        tensors.append({"name": key, "shape": list(parameter.shape), "scale": float(np.float32(scale)), "shift": 1.0 if norm else 0.0})
        value = numbers(own, tuple(parameter.shape)) * np.float32(scale) + np.float32(1.0 if norm else 0.0)
        parameter.copy_(torch.from_numpy(value))
    return model, tensors


def respaced(steps: int) -> set:
    """fast27 of the repository: less at the noisy end, and not from the last timestep."""
    return (space_timesteps(1000, "10,10,3,2,2") - {999}) | {997} if steps == 27 else space_timesteps(1000, str(steps))


def diffusion(schedule: str, timesteps: set) -> SpacedDiffusion:
    return SpacedDiffusion(
        use_timesteps=timesteps, betas=gd.get_named_beta_schedule(schedule, 1000),
        model_mean_type=gd.ModelMeanType.EPSILON, model_var_type=gd.ModelVarType.LEARNED_RANGE, loss_type=gd.LossType.MSE)


def recorded(steps: list) -> list:
    return sorted({0, len(steps) // 2, len(steps) - 1})


def run(case: dict) -> dict:
    prompt, negative, scale = padded(case["prompt"]), padded(case["negative_prompt"] or ""), case["guidance_scale"]
    tensors = {}
    for name in NETWORKS:
        tensors[f"{name}/states"] = network(name)[0].states(*prompt)[0]
        tensors[f"{name}/negative"] = network(name)[0].states(*negative)[0]
    base = network("base")[0]

    def guided(x, timesteps, **_):
        output = base(x, timesteps, *prompt)
        other = base(x, timesteps, *negative)[:, :3]
        return torch.cat([other + scale * (output[:, :3] - other), output[:, 3:]], dim=1)

    torch.manual_seed(case["seed"])
    process = diffusion("cosine", space_timesteps(1000, str(case["steps"])))
    steps = [step["sample"] for step in process.p_sample_loop_progressive(
        guided, (1, 3, SMALL, SMALL), clip_denoised=True, device="cpu")]
    for number in recorded(steps):
        tensors[f"base/step {number}"] = steps[number][0]
    torch.manual_seed(case["seed"])
    more = {"low_res": ((steps[-1] + 1) * 127.5).round() / 127.5 - 1, "tokens": prompt[0], "mask": prompt[1]}
    noise = torch.randn(1, 3, LARGE, LARGE) * TEMPERATURE
    large = [step["sample"] for step in diffusion("linear", respaced(case["upsampler_steps"])).ddim_sample_loop_progressive(
        network("upsampler")[0], noise.shape, noise=noise, clip_denoised=True, model_kwargs=more, device="cpu")]
    for number in recorded(large):
        tensors[f"upsampler/step {number}"] = large[number][0]
    return tensors


def calls() -> dict:
    source, tensors = generator(3), {}
    for name, options in NETWORKS.items():
        x = torch.randn([1, 3, options["image_size"], options["image_size"]], generator=source)
        more = {}
        if name == "upsampler":
            more["low_res"] = tensors[f"{name}/low_res"] = torch.rand([1, 3, SMALL, SMALL], generator=source) * 2 - 1
        tensors |= {f"{name}/sample": x, f"{name}/output": network(name)[0](x, int64([700]), *padded(CASES[0]["prompt"]), **more)}
    return tensors


def published() -> list:
    """The shapes of the published networks, as the repository's defaults make them."""
    found = []
    for name, options in PUBLISHED.items():
        with torch.device("meta"):
            model = TextUNet(**PUBLISHED_TEXT, **options)
        shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
        found.append({"name": name, "side": options["image_size"], "shapes": shapes})
    return found


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    write_tokenizer()
    tensors, cases = {f"call/{key}": value for key, value in calls().items()}, []
    for case in CASES:
        case = {**case, "seed": 7}
        tensors |= {f"{case['name']}/{key}": value for key, value in run(case).items()}
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)
    save_cases(HOME / "networks.json", [{"name": name, "tensors": network(name)[1]} for name in NETWORKS])
    text = json.dumps(published(), separators=(",", ":"))
    (HOME / "published.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    save_cases(HOME / "strings.json", [{"text": text, "ids": ids(text)} for text in STRINGS + CAPTIONS[:4]])


if __name__ == "__main__":
    main()
