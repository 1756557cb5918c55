"""Tiny random autoencoders of every kind, and what diffusers makes of latents and pictures (io.safetensors beside each).

`decode/SIZE/*` and `encode/SIZE/*` are untiled, `tiled/*` is diffusers' own tiling. Latents are the network's, not a denoiser's.
"""

import shutil

import torch
from diffusers import AsymmetricAutoencoderKL, AutoencoderKL, AutoencoderTiny, VQModel

from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, int64, save_tensors

HOME = OUT / "autoencoders"


def picture(source, rows: int, height: int, width: int) -> torch.Tensor:
    return torch.rand([rows, 3, height, width], generator=source) * 2 - 1


def save(name: str, model: torch.nn.Module, tensors: dict, half: bool = True) -> None:
    (model.half() if half else model).save_pretrained(HOME / name, safe_serialization=True)
    model.float()
    save_tensors(HOME / name / "io.safetensors", tensors)


def kl(**config) -> AutoencoderKL:
    channels = config.get("block_out_channels", [8, 16])
    config = {
        "block_out_channels": channels, "norm_num_groups": 4, "layers_per_block": 1, "latent_channels": 4,
        "sample_size": 16, "down_block_types": ["DownEncoderBlock2D"] * len(channels),
        "up_block_types": ["UpDecoderBlock2D"] * len(channels), **config}
    return AutoencoderKL(**config)


def settle(model, channels: int, seed: int) -> None:
    """Every weight random, pictures of about unit range."""
    randomize(model, seed)
    latents = torch.randn([2, channels, 8, 8], generator=generator(seed))
    scale_last(model.decoder.conv_out, model.decode(latents).sample, 0.5)


def kl_io(model: AutoencoderKL, seed: int, scale: int, sizes=((4, 4), (4, 6))) -> dict:
    source, tensors = generator(seed), {}
    for height, width in sizes:
        size = f"{height}x{width}"
        latents = torch.randn([2, model.config.latent_channels, height, width], generator=source)
        pixels = picture(source, 2, height * scale, width * scale)
        moments = model.encode(pixels).latent_dist
        # The sample draws its noise from the generator as randn of the latents' shape.
        noise = torch.randn(moments.mean.shape, generator=generator(seed + 1))
        sampled = moments.sample(generator(seed + 1))
        tensors |= {
            f"decode/{size}/latents": latents, f"decode/{size}/picture": model.decode(latents).sample,
            f"encode/{size}/picture": pixels, f"encode/{size}/mean": moments.mode(),
            f"encode/{size}/noise": noise, f"encode/{size}/sample": sampled}
    return tensors


def tiled_io(model: AutoencoderKL, seed: int, scale: int) -> dict:
    """Sides that the tiles do not divide, one of them smaller than a tile."""
    source, tensors = generator(seed), {}
    model.enable_tiling()
    for height, width in ((12, 21), (5, 17)):
        size = f"{height}x{width}"
        latents = torch.randn([1, model.config.latent_channels, height, width], generator=source)
        pixels = picture(source, 1, height * scale, width * scale)
        tensors |= {
            f"tiled/{size}/latents": latents, f"tiled/{size}/decoded": model.decode(latents).sample,
            f"tiled/{size}/picture": pixels, f"tiled/{size}/mean": model.encode(pixels).latent_dist.mean}
    model.disable_tiling()
    return tensors


def kl_plain() -> None:
    """As Stable Diffusion's, at the file's own names, and tiled."""
    model = kl()
    settle(model, 4, 100)
    save("kl-tiled", model, kl_io(model, 101, 2) | tiled_io(model, 102, 2))


def kl_bare() -> None:
    """No quantizing convolutions, no attention in the middle, 16 channels, latents with means and deviations, another activation."""
    source = generator(110)
    model = kl(
        latent_channels=16, use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=False, act_fn="mish",
        block_out_channels=[8, 8, 16], latents_mean=torch.randn([16], generator=source).tolist(),
        latents_std=(torch.rand([16], generator=source) + 0.5).tolist(), scaling_factor=0.3611, shift_factor=0.1159)
    settle(model, 16, 111)
    tensors = kl_io(model, 112, 4)
    # As StableDiffusionXLPipeline and its image-to-image pipeline scale latents.
    config = model.config
    mean, std = (torch.tensor(v).view(1, 16, 1, 1) for v in (config.latents_mean, config.latents_std))
    scaled = torch.randn([1, 16, 4, 4], generator=source)
    tensors |= {
        "scaled/latents": scaled, "scaled/picture": model.decode(scaled * std / config.scaling_factor + mean).sample,
        "scaled/encoded": (tensors["encode/4x4/mean"] - mean) * config.scaling_factor / std}
    save("kl-bare", model, tensors)


def kl_attention() -> None:
    """An attention after each residual block of some levels."""
    model = kl(down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
               up_block_types=["AttnUpDecoderBlock2D", "UpDecoderBlock2D"], layers_per_block=2, act_fn="gelu")
    settle(model, 4, 120)
    save("kl-attention", model, kl_io(model, 121, 2))


def asymmetric() -> None:
    model = AsymmetricAutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 3, down_block_out_channels=[8, 8, 16], layers_per_down_block=1,
        up_block_types=["UpDecoderBlock2D"] * 3, up_block_out_channels=[8, 16, 16], layers_per_up_block=1,
        norm_num_groups=4, sample_size=16)
    settle(model, 4, 130)
    tensors, source = kl_io(model, 131, 4), generator(132)
    for size in ("4x4", "4x6"):
        latents = tensors[f"decode/{size}/latents"]
        height, width = 4 * latents.shape[2], 4 * latents.shape[3]
        pixels = picture(source, 2, height, width)
        mask = (torch.rand([2, 1, height, width], generator=source) > 0.5).float()
        tensors |= {
            f"known/{size}/picture": pixels, f"known/{size}/mask": mask,
            f"known/{size}/decoded": model.decode(latents, image=pixels, mask=mask).sample}
    save("asymmetric", model, tensors)


def tiny() -> None:
    for name, act, seed, config in (
            ("tiny", "relu", 140, {}),
            ("tiny-options", "gelu", 150, {
                "latent_channels": 16, "scaling_factor": 0.25, "encoder_block_out_channels": [8, 8, 8],
                "decoder_block_out_channels": [12, 12, 12], "num_encoder_blocks": [1, 0, 2], "num_decoder_blocks": [2, 1, 1]}),
            # For the latents of the checkpoint sd1.
            ("taesd", "relu", 160, {
                "encoder_block_out_channels": [4, 4, 4], "decoder_block_out_channels": [4, 4, 4],
                "num_encoder_blocks": [1, 1, 1], "num_decoder_blocks": [1, 1, 1]})):
        config = {
            "encoder_block_out_channels": [8, 8], "decoder_block_out_channels": [8, 8], "num_encoder_blocks": [1, 1],
            "num_decoder_blocks": [1, 1], **config}
        model = randomize(AutoencoderTiny(act_fn=act, **config), seed)
        scale, channels = 2 ** (len(config["num_encoder_blocks"]) - 1), model.config.latent_channels
        source, tensors = generator(seed), {}
        for height, width in ((4, 4), (4, 6)):
            size = f"{height}x{width}"
            latents = 3 * torch.randn([2, channels, height, width], generator=source)
            pixels = picture(source, 2, height * scale, width * scale)
            tensors |= {
                f"decode/{size}/latents": latents, f"decode/{size}/picture": model.decode(latents).sample,
                f"encode/{size}/picture": pixels, f"encode/{size}/mean": model.encode(pixels).latents}
        save(name, model, tensors)


def vq(name: str, seed: int, half: bool, **config) -> None:
    channels = config["block_out_channels"]
    scale = 2 ** (len(channels) - 1)
    model = VQModel(layers_per_block=1, sample_size=8 * scale, num_vq_embeddings=24, scaling_factor=0.5, **config)
    width = model.config.vq_embed_dim or model.config.latent_channels
    randomize(model, seed)
    model.quantize.embedding.weight.copy_(snap(torch.randn(model.quantize.embedding.weight.shape, generator=generator(seed))))
    source, tensors = generator(seed + 1), {}
    model.register_to_config(lookup_from_codebook=True)  # the third way to decode, on the same weights
    for height, width_ in ((4, 4), (4, 6)):
        size = f"{height}x{width_}"
        latents = torch.randn([2, width, height, width_], generator=source)
        pixels = picture(source, 2, height * scale, width_ * scale)
        codes = torch.randint(0, 24, [2, height * width_], generator=source)
        tensors |= {
            f"decode/{size}/latents": latents, f"decode/{size}/picture": model.decode(latents).sample,
            f"codes/{size}/codes": int64(codes), f"codes/{size}/picture": model.decode(
                codes, force_not_quantize=True, shape=(2, height, width_, width)).sample,
            f"encode/{size}/picture": pixels, f"encode/{size}/mean": model.encode(pixels).latents}
    model.register_to_config(lookup_from_codebook=False)
    for size in ("4x4", "4x6"):
        latents = tensors[f"decode/{size}/latents"]
        tensors[f"unquantized/{size}/picture"] = model.decode(latents, force_not_quantize=True).sample
    save(name, model, tensors, half)


def vqs() -> None:
    vq("vq", 160, True, block_out_channels=[8, 8, 16], latent_channels=3, vq_embed_dim=5, norm_num_groups=4,
       down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3)
    # Kandinsky's MoVQ. A spatial norm has 32 groups whatever the configuration says.
    vq("movq", 170, True, block_out_channels=[32, 32], latent_channels=4, norm_num_groups=8,
       norm_type="spatial", down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
       up_block_types=["AttnUpDecoderBlock2D", "UpDecoderBlock2D"])


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    kl_plain()
    kl_bare()
    kl_attention()
    asymmetric()
    tiny()
    vqs()


if __name__ == "__main__":
    main()
