"""Tiny random checkpoints in diffusers' layout, and what their networks answer (io.safetensors beside each)."""

import shutil

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel, CLIPTextConfig, CLIPTextModel

import tokenizers_tiny as tokenizing
from fixtures import OUT, generator, int64, save_json, save_tensors

HOME = OUT / "checkpoints"
WIDTH = 32  # of the text states

PROMPTS = [
    "a red apple",
    "",
    "A Café-au-lait, naïve & ÜBER-cool!",
    "  Photo of 2 cats'  eyes;\tit's 1999...   don't  ",
    "an astronaut riding a horse, highly detailed, 4k (trending) <|weird|> 日本 🎨",
    "the quick brown fox jumps over the lazy dog " * 12,
]
TIMESTEPS = [999.0, 500.0, 20.0, 47.3684]  # Euler's timesteps need not be whole
OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def snap(tensor: torch.Tensor) -> torch.Tensor:
    """To values that fp32, fp16 and bf16 all hold exactly, so that one answer serves every precision of the file."""
    value = tensor.to(torch.bfloat16).to(torch.float32)
    return torch.where(value.abs() < 2.0**-14, 0.0, value)


def randomize(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Every weight takes part: matrices keep variance, norms stay near one, biases are small and not zero."""
    source = generator(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=source)
        if "embedding" in name and parameter.dim() == 2 and "time" not in name and "linear" not in name:
            value = 0.7 * noise
        elif parameter.dim() > 1:
            value = noise * parameter[0].numel() ** -0.5
        elif "norm" in name.lower() and name.endswith("weight"):
            value = 1 + 0.2 * noise
        else:
            value = 0.2 * noise
        parameter.copy_(snap(value))
    return model.eval()


def scale_last(layer: torch.nn.Module, output: torch.Tensor, wanted: float) -> None:
    """Brings an output that is linear in its last layer to the wanted deviation."""
    for parameter in layer.parameters():
        parameter.copy_(snap(parameter * wanted / output.std()))


def unet(seed: int, probe_channels: int = 4, **config) -> UNet2DConditionModel:
    config = {"sample_size": 8, "cross_attention_dim": WIDTH, "norm_num_groups": 4, "layers_per_block": 1, **config}
    model = randomize(UNet2DConditionModel(**config), seed)
    source = generator(seed)
    labels = torch.tensor([3, 300]) if labelled(model) else None
    sample = torch.randn([2, probe_channels, 8, 8], generator=source)
    context = torch.randn([2, 9, WIDTH], generator=source)
    answer = model(sample, torch.tensor([900.0, 90.0]), context, class_labels=labels).sample
    scale_last(model.conv_out, answer, 1.0)
    return model


def labelled(model: UNet2DConditionModel) -> bool:
    return bool(model.config.num_class_embeds or model.config.class_embed_type)


def vae(seed: int, **config) -> AutoencoderKL:
    levels = len(config["block_out_channels"])
    model = AutoencoderKL(
        norm_num_groups=4, latent_channels=4, sample_size=8 * 2 ** (levels - 1),
        down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels, **config)
    randomize(model, seed)
    latents = torch.randn([2, 4, 8, 8], generator=generator(seed))
    scale_last(model.decoder.conv_out, model.decode(latents / model.config.scaling_factor).sample, 0.5)
    return model


def clip(vocabulary: int, activation: str, seed: int) -> CLIPTextModel:
    return randomize(CLIPTextModel(CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, hidden_act=activation, bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
        pad_token_id=1, projection_dim=WIDTH)), seed)


def bert(vocabulary: int, seed: int) -> BertModel:
    return randomize(BertModel(BertConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=64)), seed)


def save(name: str, half: bool, scheduler: dict, **components) -> None:
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.2"}
    for part, model in components.items():
        library = "transformers" if part == "text_encoder" else "diffusers"
        index[part] = [library, type(model).__name__]
        (model.half() if half else model).save_pretrained(HOME / name / part, safe_serialization=True)
        model.float()
    index["tokenizer"] = ["transformers", tokenizing.CLASSES[type(components["text_encoder"]).__name__]]
    index["scheduler"] = ["diffusers", scheduler["_class_name"]]
    save_json(HOME / name / "model_index.json", {**index, "safety_checker": [None, None]})
    save_json(HOME / name / "scheduler/scheduler_config.json", scheduler)


def text_io(tokenizer, encoder) -> dict:
    """Per prompt: ids as the pipeline pads and cuts them, and the last hidden states."""
    tensors = {}
    for number, prompt in enumerate(PROMPTS):
        ids = int64([tokenizing.encode(tokenizer, prompt)])
        tensors[f"text/{number}/ids"] = ids
        tensors[f"text/{number}/states"] = encoder(ids).last_hidden_state
    return tensors


def unet_io(model: UNet2DConditionModel, states: list, seed: int, sizes=((8, 8), (8, 12))) -> dict:
    """Rows with their own timestep and context (shorter contexts are padded and masked), and each row by itself."""
    source, tensors = generator(seed), {}
    rows = len(TIMESTEPS)
    longest = max(state.shape[1] for state in states)
    mask = int64([[int(i < s.shape[1]) for i in range(longest)] for s in states])
    padded = torch.cat([torch.nn.functional.pad(s, (0, 0, 0, longest - s.shape[1])) for s in states])
    labels = int64([20, 0, 999, 150]) if labelled(model) else None
    timesteps = torch.tensor(TIMESTEPS)
    tensors |= {"unet/timesteps": timesteps, "unet/context": padded, "unet/mask": mask}
    if labels is not None:
        tensors["unet/class_labels"] = labels
    for height, width in sizes:
        sample = torch.randn([rows, model.config.in_channels, height, width], generator=source)
        alone = [
            model(sample[i:i + 1], timesteps[i], states[i], class_labels=None if labels is None else labels[i:i + 1])
            for i in range(rows)
        ]
        alone = torch.cat([row.sample for row in alone])
        together = model(sample, timesteps, padded, class_labels=labels, encoder_attention_mask=mask).sample
        assert (alone - together).abs().max() < 1e-5
        tensors[f"unet/{height}x{width}/sample"] = sample
        tensors[f"unet/{height}x{width}/alone"] = alone
        tensors[f"unet/{height}x{width}/together"] = together
    return tensors


def vae_io(model: AutoencoderKL, seed: int) -> dict:
    source, tensors = generator(seed), {}
    factor = 2 ** (len(model.config.block_out_channels) - 1)
    for height, width in ((4, 4), (4, 6)):
        name = f"vae/{height}x{width}"
        latents = torch.randn([2, 4, height, width], generator=source)
        picture = torch.rand([1, 3, height * factor, width * factor], generator=source) * 2 - 1
        moments = model.encode(picture).latent_dist
        tensors |= {
            f"{name}/latents": latents,
            f"{name}/decoded": model.decode(latents).sample,
            f"{name}/picture": picture,
            f"{name}/mean": moments.mean,
            f"{name}/logvar": moments.logvar,
        }
    return tensors


def finish(name: str, tokenizer, text_encoder, vae, unet, seed: int) -> list:
    """Writes io.safetensors; its UNet rows see the states of the first four prompts."""
    tensors = text_io(tokenizer, text_encoder)
    states = [tensors[f"text/{i}/states"] for i in range(len(TIMESTEPS))]
    save_tensors(HOME / name / "io.safetensors", tensors | unet_io(unet, states, seed) | vae_io(vae, seed + 1))
    save_json(HOME / name / "prompts.json", PROMPTS)
    return states


def sd1() -> None:
    tokenizer = tokenizing.write_clip(HOME / "sd1/tokenizer", "<|endoftext|>")
    parts = {
        "text_encoder": clip(len(tokenizer), "quick_gelu", 10),
        "vae": vae(11, block_out_channels=[8, 8, 16], layers_per_block=1, scaling_factor=0.18215),
        "unet": unet(12, block_out_channels=[8, 16, 16], attention_head_dim=2,
                     down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
                     up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]),
    }
    save("sd1", False, {
        "_class_name": "DDIMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
        "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None,
        "clip_sample": False}, **parts)
    finish("sd1", tokenizer, seed=13, **parts)
    variants(parts["unet"], parts["vae"])


def variants(unet, vae) -> None:
    """The same weights in the other forms that real checkpoints come in."""
    home = HOME / "variants"
    unet.half().save_pretrained(home / "unet-fp16", variant="fp16")
    unet.half().save_pretrained(home / "unet-sharded", max_shard_size="70KB")
    unet.bfloat16().save_pretrained(home / "unet-bf16")
    vae.half().save_pretrained(home / "vae-old-names")  # as the VAEs of Stable Diffusion 1.x are stored
    file = home / "vae-old-names/diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    for new, old in OLD_ATTENTION.items():
        weights = {name.replace(f".{new}.", f".{old}."): value for name, value in weights.items()}
    save_file(weights, file, {"format": "pt"})
    # Stable Diffusion 1.x ships this buffer among the encoder's weights.
    file = HOME / "sd1/text_encoder/model.safetensors"
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    save_file(load_file(file) | positions, file, {"format": "pt"})


def sd2() -> None:
    tokenizer = tokenizing.write_clip(HOME / "sd2/tokenizer", "!")
    parts = {
        "text_encoder": clip(len(tokenizer), "gelu", 20),
        "vae": vae(21, block_out_channels=[8, 16], layers_per_block=2, scaling_factor=0.18215),
        "unet": unet(22, block_out_channels=[16, 32], attention_head_dim=[2, 4], use_linear_projection=True,
                     upcast_attention=True, down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"],
                     up_block_types=["UpBlock2D", "CrossAttnUpBlock2D"]),
    }
    save("sd2", True, {
        "_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000,
        "prediction_type": "v_prediction", "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1,
        "trained_betas": None}, **parts)
    finish("sd2", tokenizer, seed=23, **parts)


def default() -> None:
    tokenizer = tokenizing.write_bert(HOME / "default/tokenizer")
    parts = {
        "text_encoder": bert(len(tokenizer), 30),
        "vae": vae(31, block_out_channels=[8, 8, 16, 16], layers_per_block=1, scaling_factor=1.0),
        "unet": unet(32, block_out_channels=[8, 16, 16], attention_head_dim=[1, 2, 4], use_linear_projection=True,
                     down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                     up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]),
    }
    scheduler = {
        "_class_name": "DDIMScheduler", "_diffusers_version": "0.20.2", "num_train_timesteps": 1000,
        "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "squaredcos_cap_v2", "clip_sample": False,
        "set_alpha_to_one": True, "steps_offset": 0, "prediction_type": "v_prediction", "thresholding": False,
        "timestep_spacing": "trailing", "rescale_betas_zero_snr": False}
    save("default", True, scheduler, **parts)
    states = finish("default", tokenizer, seed=33, **parts)
    options(2 * states[2:])
    upsampler = unet(42, 8, in_channels=8, out_channels=4, num_class_embeds=1000, block_out_channels=[8, 16],
                     attention_head_dim=[1, 2], use_linear_projection=True,
                     down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
                     up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"])
    upsampler.half().save_pretrained(HOME / "default/upsampler/unet")
    save_json(HOME / "default/upsampler/scheduler/scheduler_config.json", scheduler)
    save_tensors(HOME / "default/upsampler/io.safetensors", unet_io(upsampler.float(), states, 43))


def options(states: list) -> None:
    """A UNet with every option that the others leave at its default, and images that no level halves evenly.

    Contexts of one length: diffusers does not mask the padding where only_cross_attention is on.
    """
    model = unet(
        52, 5, in_channels=5, out_channels=3, center_input_sample=True, flip_sin_to_cos=False, freq_shift=1,
        downsample_padding=0, mid_block_scale_factor=1.5, norm_eps=1e-6, class_embed_type="timestep",
        time_embedding_dim=48, conv_in_kernel=5, conv_out_kernel=1, block_out_channels=[8, 16, 16],
        layers_per_block=[1, 2, 1], transformer_layers_per_block=[1, 2, 1], attention_head_dim=[2, 4, 2],
        only_cross_attention=[True, False, True],
        down_block_types=["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"])
    model.half().save_pretrained(HOME / "options/unet")
    save_tensors(HOME / "options/io.safetensors", unet_io(model.float(), states, 53, sizes=((8, 8), (7, 13))))


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    sd1()
    sd2()
    default()


if __name__ == "__main__":
    main()
