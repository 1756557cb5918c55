"""Tiny random UNet2DModels of every configuration, and what diffusers answers (io.safetensors beside each).

`SIZE/alone` has each row by itself; rows together give the same.
"""

import math
import shutil

import torch
from diffusers import UNet2DModel

from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, int64, save_tensors

HOME = OUT / "unet2d"
TIMESTEPS = [999.0, 500.0, 3.0]
NOISE_LEVELS = [50.0, 1.5, 0.02]


def model(seed: int, **config) -> UNet2DModel:
    config = {
        "sample_size": 8, "in_channels": 3, "out_channels": 3, "layers_per_block": 1, "block_out_channels": [8, 16],
        "norm_num_groups": 4, "attention_head_dim": 4, **config}
    unet = randomize(UNet2DModel(**config), seed)
    if config.get("time_embedding_type") == "fourier":
        # Spread as wide as a few octaves, so that the levels differ.
        unet.time_proj.weight.copy_(snap(2 * torch.randn(unet.time_proj.weight.shape, generator=generator(seed))))
    return unet


def timesteps(unet: UNet2DModel) -> torch.Tensor:
    kind = unet.config.time_embedding_type
    if kind == "learned":
        return int64([9, 5, 0])
    return torch.tensor(NOISE_LEVELS if kind == "fourier" else TIMESTEPS)


def record(name: str, unet: UNet2DModel, seed: int, labels=None, sizes=((8, 8), (4, 12))) -> None:
    source, tensors = generator(seed), {}
    times = timesteps(unet)
    tensors["timesteps"] = times.float()
    if labels is not None:
        tensors["class_labels"] = labels
    probe = torch.randn([3, unet.config.in_channels, *sizes[0]], generator=source)
    answer = unet(probe, times, class_labels=labels).sample
    scale_last(unet.conv_out, answer * (times.view(-1, 1, 1, 1) if unet.config.time_embedding_type == "fourier" else 1), 1.0)
    for height, width in sizes:
        sample = torch.randn([3, unet.config.in_channels, height, width], generator=source)
        together = unet(sample, times, class_labels=labels).sample
        alone = torch.cat([
            unet(sample[i:i + 1], times[i], class_labels=None if labels is None else labels[i:i + 1]).sample
            for i in range(3)])
        scale = together.abs().max()
        assert (alone - together).abs().max() < 1e-5 * scale
        tensors |= {f"{height}x{width}/sample": sample, f"{height}x{width}/alone": alone}
    unet.half().save_pretrained(HOME / name, safe_serialization=True)
    save_tensors(HOME / name / "io.safetensors", tensors)


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    # As google/ddpm-cifar10-32.
    record("ddpm", model(
        200, down_block_types=["DownBlock2D", "AttnDownBlock2D"], up_block_types=["AttnUpBlock2D", "UpBlock2D"],
        layers_per_block=2, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6, attention_head_dim=None), 201)
    # As openai's ADM and consistency models: scale_shift, resampling in residual blocks, classes, no norm in the middle's attention.
    record("adm", model(
        210, block_out_channels=[8, 16, 16], down_block_types=["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
        up_block_types=["AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"], downsample_type="resnet",
        upsample_type="resnet", resnet_time_scale_shift="scale_shift", num_class_embeds=10), 211, int64([3, 0, 9]))
    # The same with a norm there; the label is embedded as a timestep; a table of timesteps; heads that do not fill the channels.
    record("learned", model(
        220, block_out_channels=[16, 20], down_block_types=["AttnDownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "AttnUpBlock2D"], resnet_time_scale_shift="scale_shift", attn_norm_num_groups=2,
        time_embedding_type="learned", num_train_timesteps=10, class_embed_type="timestep", attention_head_dim=8,
        time_embedding_dim=24, center_input_sample=True), 221, int64([3, 0, 9]))
    # As google/ncsnpp-*: Fourier features of noise levels, blocks with a second way for the picture, groups by channels.
    record("ncsnpp", model(
        230, block_out_channels=[32, 32], down_block_types=["AttnSkipDownBlock2D", "SkipDownBlock2D"],
        up_block_types=["AttnSkipUpBlock2D", "SkipUpBlock2D"], time_embedding_type="fourier",
        norm_num_groups=None, mid_block_scale_factor=math.sqrt(2), norm_eps=1e-6, attention_head_dim=None), 231)
    # The second way only for some levels; the label's own embedding; no middle; other activations.
    embedding = torch.randn([3, 32], generator=generator(249))
    record("mixed", model(
        240, block_out_channels=[8, 8, 8], down_block_types=["SkipDownBlock2D", "UNetResAttnDownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "SkipUpBlock2D", "SkipUpBlock2D"], mid_block_type=None, act_fn="mish",
        class_embed_type="identity", resnet_time_scale_shift="default"), 241, embedding)
    # No attention in the middle, five channels in, four out, Fourier features with classes.
    record("plain", model(
        250, in_channels=5, out_channels=4, down_block_types=["DownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "UpBlock2D"], add_attention=False, time_embedding_type="fourier",
        class_embed_type="timestep", act_fn="gelu"), 251, int64([3, 1, 9]))


if __name__ == "__main__":
    main()
