"""Whole models in one file: which tensors of a folder they have under which names, for tiny checkpoints and at the published sizes.

The naming here is the inverse of diffusers'. diffusers' own conversion, run over a file in this naming, has to give back the folder.
"""

import gzip
import inspect
import json
import re

import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel, SD3Transformer2DModel, UNet2DConditionModel
from diffusers.loaders import single_file_utils as theirs
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from fixtures import OUT, REPOSITORY

HOME = OUT / "single_files"
FAMILIES = REPOSITORY / "engine/src/main/resources/dev/weir/engine/families"
UNET, VAE = "model.diffusion_model.", "first_stage_model."
BARE, CLIP_L, CLIP_G, T5, QWEN = "", *(f"text_encoders.{name}.transformer." for name in ("clip_l", "clip_g", "t5xxl", "qwen3_4b"))
CLIP, OPEN_CLIP = "cond_stage_model.transformer.", "cond_stage_model.model."
CLIP_XL, OPEN_CLIP_XL, OPEN_CLIP_REFINER = (
    "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model.", "conditioner.embedders.0.model.")

# The folder's parts by the prefix that a file has for them: tiny checkpoints.
TINY = {
    "sd1": {UNET: "checkpoints/sd1/unet", VAE: "checkpoints/sd1/vae", CLIP: "checkpoints/sd1/text_encoder"},
    "sd1-inpainting": {UNET: "images/unet-inpaint", VAE: "checkpoints/sd1/vae", CLIP: "checkpoints/sd1/text_encoder"},
    "sd2": {UNET: "checkpoints/sd2/unet", VAE: "checkpoints/sd2/vae", OPEN_CLIP: "checkpoints/sd2/text_encoder"},
    "sdxl": {UNET: "sdxl_refiner/unet", VAE: "sdxl_refiner/vae", CLIP_XL: "sdxl_refiner/text_encoder",
             OPEN_CLIP_XL: "sdxl_refiner/text_encoder_2"},
    "sdxl-inpainting": {UNET: "images/unet-inpaint-xl", VAE: "sdxl/vae", CLIP_XL: "sdxl/text_encoder",
                        OPEN_CLIP_XL: "sdxl/text_encoder_2"},
    "sdxl-refiner": {UNET: "sdxl_refiner/refiner/unet", VAE: "sdxl_refiner/vae",
                     OPEN_CLIP_REFINER: "sdxl_refiner/text_encoder_2"},
    "flux-dev": {BARE: "flux/dev/transformer"},
    "flux-schnell": {UNET: "flux/schnell/transformer"},
    "sd3": {UNET: "sd3/sd3/transformer", VAE: "sd3/sd3/vae", CLIP_L: "sd3/sd3/text_encoder", CLIP_G: "sd3/sd3/text_encoder_2",
            T5: "sd3/sd3/text_encoder_3"},
    "sd35": {UNET: "sd3/sd35/transformer", VAE: "sd3/sd35/vae"},
}
# Transformers of the published sizes, by what their configurations say beside the defaults of diffusers.
TRANSFORMERS = {
    "flux-dev": (FluxTransformer2DModel, {"guidance_embeds": True}),
    "flux-schnell": (FluxTransformer2DModel, {}),
    "sd3-medium": (SD3Transformer2DModel, {"num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 192}),
    "sd3.5-medium": (SD3Transformer2DModel, {
        "num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536, "pos_embed_max_size": 384, "qk_norm": "rms_norm",
        "dual_attention_layers": list(range(13))}),
    "sd3.5-large": (SD3Transformer2DModel, {
        "num_layers": 38, "num_attention_heads": 38, "caption_projection_dim": 2432, "pos_embed_max_size": 192, "qk_norm": "rms_norm"}),
}
# The same of the configurations that come with Weir.
PUBLISHED = {
    "sd1": {UNET: "sd1/unet", VAE: "sd1/vae", CLIP: "sd1/text_encoder"},
    "sd2": {UNET: "sd2/unet", VAE: "sd2/vae", OPEN_CLIP: "sd2/text_encoder"},
    "sdxl": {UNET: "sdxl/unet", VAE: "sdxl/vae", CLIP_XL: "sdxl/text_encoder", OPEN_CLIP_XL: "sdxl/text_encoder_2"},
    "sdxl-refiner": {UNET: "sdxl/refiner/unet", VAE: "sdxl/vae", OPEN_CLIP_REFINER: "sdxl/text_encoder_2"},
}
# What the original repositories' configurations say of the UNets (v1-inference.yaml, v2-inference-v.yaml, sd_xl_base.yaml,
# sd_xl_refiner.yaml).
ORIGINAL = {
    "sd1": {"model_channels": 320, "attention_resolutions": [4, 2, 1], "channel_mult": [1, 2, 4, 4], "num_heads": 8,
            "transformer_depth": 1, "context_dim": 768},
    "sd2": {"model_channels": 320, "attention_resolutions": [4, 2, 1], "channel_mult": [1, 2, 4, 4], "num_head_channels": 64,
            "use_linear_in_transformer": True, "transformer_depth": 1, "context_dim": 1024},
    "sdxl": {"model_channels": 320, "attention_resolutions": [4, 2], "channel_mult": [1, 2, 4], "num_head_channels": 64,
             "use_linear_in_transformer": True, "transformer_depth": [1, 2, 10], "context_dim": 2048,
             "num_classes": "sequential", "adm_in_channels": 2816},
    "sdxl-refiner": {"model_channels": 384, "attention_resolutions": [4, 2], "channel_mult": [1, 2, 4, 4],
                     "num_head_channels": 64, "use_linear_in_transformer": True, "transformer_depth": 4,
                     "context_dim": [1280] * 4, "num_classes": "sequential", "adm_in_channels": 2560},
}
SAME, JOINED, TRANSPOSED, KERNEL, SWAPPED = "same", "joined", "transposed", "kernel", "swapped"
PARTS = ("q_proj", "k_proj", "v_proj", "to_q", "to_k", "to_v", "proj_mlp")
FLUX = {
    "time_text_embed.timestep_embedder.linear_1": "time_in.in_layer", "time_text_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "time_text_embed.text_embedder.linear_1": "vector_in.in_layer", "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
    "time_text_embed.guidance_embedder.linear_1": "guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_2": "guidance_in.out_layer",
    "context_embedder": "txt_in", "x_embedder": "img_in", "proj_out": "final_layer.linear", "norm_out.linear": "final_layer.adaLN_modulation.1"}
FLUX_DOUBLE = {
    "norm1.linear": "img_mod.lin", "norm1_context.linear": "txt_mod.lin", "attn.to_out.0": "img_attn.proj", "attn.to_add_out": "txt_attn.proj",
    "attn.norm_q": "img_attn.norm.query_norm", "attn.norm_k": "img_attn.norm.key_norm", "attn.norm_added_q": "txt_attn.norm.query_norm",
    "attn.norm_added_k": "txt_attn.norm.key_norm", "ff.net.0.proj": "img_mlp.0", "ff.net.2": "img_mlp.2", "ff_context.net.0.proj": "txt_mlp.0",
    "ff_context.net.2": "txt_mlp.2", **{f"attn.to_{part}": "img_attn.qkv" for part in "qkv"}, **{f"attn.add_{part}_proj": "txt_attn.qkv" for part in "qkv"}}
FLUX_SINGLE = {
    "norm.linear": "modulation.lin", "proj_out": "linear2", "attn.norm_q": "norm.query_norm", "attn.norm_k": "norm.key_norm", "proj_mlp": "linear1",
    **{f"attn.to_{part}": "linear1" for part in "qkv"}}
SD3 = {
    "pos_embed.proj": "x_embedder.proj", "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2", "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
    "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2", "context_embedder": "context_embedder", "proj_out": "final_layer.linear",
    "norm_out.linear": "final_layer.adaLN_modulation.1"}
SD3_BLOCK = {
    "norm1.linear": "x_block.adaLN_modulation.1", "norm1_context.linear": "context_block.adaLN_modulation.1", "attn.to_out.0": "x_block.attn.proj",
    "attn.to_add_out": "context_block.attn.proj", "attn2.to_out.0": "x_block.attn2.proj", "ff.net.0.proj": "x_block.mlp.fc1",
    "ff.net.2": "x_block.mlp.fc2", "ff_context.net.0.proj": "context_block.mlp.fc1", "ff_context.net.2": "context_block.mlp.fc2",
    "attn.norm_q": "x_block.attn.ln_q", "attn.norm_k": "x_block.attn.ln_k", "attn.norm_added_q": "context_block.attn.ln_q",
    "attn.norm_added_k": "context_block.attn.ln_k", "attn2.norm_q": "x_block.attn2.ln_q", "attn2.norm_k": "x_block.attn2.ln_k",
    **{f"attn.to_{part}": "x_block.attn.qkv" for part in "qkv"}, **{f"attn2.to_{part}": "x_block.attn2.qkv" for part in "qkv"},
    **{f"attn.add_{part}_proj": "context_block.attn.qkv" for part in "qkv"}}
Z_IMAGE = {
    "all_x_embedder.2-1.": "x_embedder.", "all_final_layer.2-1.": "final_layer.", "attention.to_out.0.": "attention.out.", "attention.norm_q.": "attention.q_norm.",
    "attention.norm_k.": "attention.k_norm.", **{f"attention.to_{part}.": "attention.qkv." for part in "qkv"}}
OLD_ATTENTION = {"query": "q", "key": "k", "value": "v", "proj_attn": "proj_out"}
ATTENTION = {"to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out", "group_norm": "norm", **OLD_ATTENTION}
RESIDUAL = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
            "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}


def unet_name(name: str, config: dict) -> tuple:
    stage, _, rest = name.partition(".")
    embedding = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}
    if stage in embedding:
        return SAME, f"{embedding[stage]}.{rest}"
    if stage in ("time_embedding", "add_embedding"):
        linear, _, last = rest.partition(".")
        number = {"linear_1": 0, "linear_2": 2}[linear]
        return SAME, ("time_embed." if stage == "time_embedding" else "label_emb.0.") + f"{number}.{last}"
    if stage == "mid_block":
        kind, number, rest = rest.split(".", 2)
        return SAME, f"middle_block.1.{rest}" if kind == "attentions" else f"middle_block.{2 * int(number)}.{residual(rest)}"
    block, kind, number, rest = rest.split(".", 3)
    place = int(block) * (config["layers_per_block"] + 1)
    if stage == "down_blocks":
        base = f"input_blocks.{place + int(number) + 1}"
        if kind == "downsamplers":
            return SAME, f"input_blocks.{place + config['layers_per_block'] + 1}.0.op.{rest.removeprefix('conv.')}"
    else:
        base = f"output_blocks.{place + int(number)}"
        if kind == "upsamplers":
            part = 2 if "CrossAttn" in config["up_block_types"][int(block)] else 1
            return SAME, f"output_blocks.{place + config['layers_per_block']}.{part}.{rest}"
    return SAME, f"{base}.0.{residual(rest)}" if kind == "resnets" else f"{base}.1.{rest}"


def residual(rest: str) -> str:
    module, _, last = rest.rpartition(".")
    return f"{RESIDUAL[module]}.{last}"


def vae_name(name: str, config: dict) -> tuple:
    half, _, rest = name.partition(".")
    levels = len(config["block_out_channels"])
    if rest.startswith("mid_block.resnets."):
        number, rest = rest.removeprefix("mid_block.resnets.").split(".", 1)
        return SAME, f"{half}.mid.block_{int(number) + 1}.{rest.replace('conv_shortcut', 'nin_shortcut')}"
    if rest.startswith("mid_block.attentions.0."):
        module, _, last = rest.removeprefix("mid_block.attentions.0.").rpartition(".")
        how = KERNEL if last == "weight" and module != "group_norm" else SAME
        return how, f"{half}.mid.attn_1.{ATTENTION[module]}.{last}"
    if rest.startswith(("down_blocks.", "up_blocks.")):
        stage, level, kind, number, rest = rest.split(".", 4)
        base = f"{half}.down.{level}" if stage == "down_blocks" else f"{half}.up.{levels - 1 - int(level)}"
        if kind == "resnets":
            return SAME, f"{base}.block.{number}.{rest.replace('conv_shortcut', 'nin_shortcut')}"
        return SAME, f"{base}.{kind.removesuffix('rs')[:-1]}e.{rest}"
    return SAME, name.replace("conv_norm_out", "norm_out")


def open_clip_name(name: str, config: dict) -> tuple:
    own = {"text_model.embeddings.position_embedding.weight": "positional_embedding",
           "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
           "text_model.final_layer_norm.weight": "ln_final.weight", "text_model.final_layer_norm.bias": "ln_final.bias"}
    if name in own:
        return SAME, own[name]
    if name == "text_projection.weight":
        return TRANSPOSED, "text_projection"
    number, rest = name.removeprefix("text_model.encoder.layers.").split(".", 1)
    base = f"transformer.resblocks.{number}."
    if rest.split(".")[1] in ("q_proj", "k_proj", "v_proj"):
        return JOINED, f"{base}attn.in_proj_{rest.rpartition('.')[2]}"
    for module, original in {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
                             "self_attn.out_proj": "attn.out_proj"}.items():
        rest = rest.replace(module, original)
    return SAME, base + rest


def z_image_name(name: str) -> tuple:
    for own, original in Z_IMAGE.items():
        if own in name:
            return JOINED if original == "attention.qkv." else SAME, name.replace(own, original)
    return SAME, name


def transformer_name(name: str, config: dict) -> tuple:
    if config["_class_name"] == "ZImageTransformer2DModel":
        return z_image_name(name)
    flux = config["_class_name"] == "FluxTransformer2DModel"
    if name == "pos_embed.pos_embed":
        return SAME, "pos_embed"
    module, _, last = name.rpartition(".")
    block = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.(.+)", module)
    if not block:
        how = SWAPPED if module == "norm_out.linear" else SAME
        return how, f"{(FLUX if flux else SD3)[module]}.{last}"
    single, number, rest = block.groups()
    names = (FLUX_SINGLE if single else FLUX_DOUBLE) if flux else SD3_BLOCK
    own = f"{'single_blocks' if single else 'double_blocks' if flux else 'joint_blocks'}.{number}.{names[rest]}"
    if flux and "norm_" in rest:
        last = "scale"
    if list(names.values()).count(names[rest]) > 1:
        return JOINED, f"{own}.{last}"
    is_last = not flux and rest == "norm1_context.linear" and int(number) == config["num_layers"] - 1
    return SWAPPED if is_last else SAME, f"{own}.{last}"


def is_transformer(config: dict) -> bool:
    return config.get("_class_name", "").endswith("Transformer2DModel")


def naming(prefix: str, config: dict):
    if is_transformer(config):
        return transformer_name
    return {UNET: unet_name, VAE: vae_name}.get(prefix, open_clip_name if prefix.endswith(".model.") else lambda name, _: (SAME, name))


def table(prefix: str, names: list, config: dict, folder: str) -> dict:
    """Of each tensor of the file: how it is made, and of which of the folder."""
    found = {}
    for name in sorted(names):
        how, original = naming(prefix, config)(name, config)
        found.setdefault(prefix + original, [how]).append(f"{folder}/{name}")
    return {name: [how, *sorted(parts, key=order)] for name, (how, *parts) in found.items()}


def order(part: str) -> int:
    """Queries, keys and values in the order in which one matrix has them."""
    return next((i for i, kind in enumerate(PARTS) if kind in part), 0)


def made(entry: list, tensors: dict) -> torch.Tensor:
    how, *parts = entry
    values = [tensors[part] for part in parts]
    if how == JOINED:
        return torch.cat(values)
    if how == SWAPPED:
        return torch.cat(values[0].chunk(2)[::-1])
    return {SAME: lambda x: x, TRANSPOSED: lambda x: x.T.contiguous(), KERNEL: lambda x: x[:, :, None, None]}[how](values[0])


def new_attention(name: str) -> str:
    """As today's diffusers names what older ones saved."""
    for old, new in {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}.items():
        name = name.replace(f"attentions.0.{old}.", f"attentions.0.{new}.")
    return name


def converted(prefix: str, file: dict, config: dict) -> dict:
    """What diffusers makes of the file."""
    if is_transformer(config):
        return transformer_converter(config)({name.removeprefix(prefix): tensor for name, tensor in file.items()})
    if prefix == QWEN:
        return {name.removeprefix(prefix): tensor for name, tensor in file.items()}  # diffusers reads none
    if prefix == T5:
        return theirs.convert_sd3_t5_checkpoint_to_diffusers(dict(file))
    if prefix == UNET:
        return theirs.convert_ldm_unet_checkpoint(dict(file), config)
    if prefix == VAE:
        return theirs.convert_ldm_vae_checkpoint(dict(file), config)
    if prefix.endswith(".model."):
        text = type("Text", (), {"config": type("Config", (), config)})
        return theirs.convert_open_clip_checkpoint(text, dict(file), prefix=prefix)
    return theirs.convert_ldm_clip_checkpoint(dict(file), remove_prefix=prefix)


def transformer_converter(config: dict):
    """diffusers' own, but for the width of the published Flux.1, which it has as a number."""
    if config["_class_name"] == "SD3Transformer2DModel":
        return theirs.convert_sd3_transformer_checkpoint_to_diffusers
    if config["_class_name"] == "ZImageTransformer2DModel":
        return theirs.convert_z_image_transformer_checkpoint_to_diffusers
    source = inspect.getsource(theirs.convert_flux_transformer_checkpoint_to_diffusers)
    assert "inner_dim = 3072" in source
    names = dict(vars(theirs))
    exec(source.replace("inner_dim = 3072", f"inner_dim = {config['num_attention_heads'] * config['attention_head_dim']}"), names)
    return names["convert_flux_transformer_checkpoint_to_diffusers"]


def check(prefix: str, entries: dict, tensors: dict, folder: str, config: dict) -> None:
    """diffusers' conversion gives the folder back."""
    back = converted(prefix, {name: made(entry, tensors) for name, entry in entries.items()}, config)
    wanted = {new_attention(name.removeprefix(folder + "/")): tensor for name, tensor in tensors.items()}
    if prefix == OPEN_CLIP:
        wanted.pop("text_projection.weight", None)
    assert set(back) == set(wanted), set(back) ^ set(wanted)
    for name, tensor in wanted.items():
        assert back[name].shape == tensor.shape and (tensor.is_meta or torch.equal(back[name], tensor)), name


def read(folder: str) -> tuple[dict, dict]:
    file = next((OUT / folder).glob("*.safetensors"))
    return json.loads((OUT / folder / "config.json").read_text()), {
        f"{folder}/{name}": tensor for name, tensor in load_file(file).items() if not name.endswith("position_ids")}


def tiny(parts: dict) -> dict:
    entries = {}
    for prefix, folder in parts.items():
        config, tensors = read(folder)
        own = table(prefix, [name.removeprefix(folder + "/") for name in tensors], config, folder)
        check(prefix, own, tensors, folder, config)
        entries |= own
    return entries


def network(config: dict):
    """Without memory for its weights."""
    with torch.device("meta"):
        if config.get("_class_name") == "UNet2DConditionModel":
            return UNet2DConditionModel.from_config(config)
        if config.get("_class_name") == "AutoencoderKL":
            return AutoencoderKL.from_config(config)
        kind = CLIPTextModelWithProjection if "Projection" in config["architectures"][0] else CLIPTextModel
        return kind(CLIPTextConfig(**config))


def published(name: str, parts: dict) -> dict:
    """The shapes of a published file's tensors, by name. Later layers and buffers, which nothing reads, are not among them."""
    shapes = {}
    for prefix, folder in parts.items():
        config = json.loads((FAMILIES / folder / "config.json").read_text())
        tensors = {f"{folder}/{key}": value for key, value in network(config).state_dict().items()
                   if not key.endswith("position_ids")}
        own = table(prefix, [key.removeprefix(folder + "/") for key in tensors], config, folder)
        check(prefix, own, tensors, folder, config)
        shapes |= {key: list(made(entry, tensors).shape) for key, entry in own.items()}
    for marker in [theirs.CHECKPOINT_KEY_NAMES[key] for key in {
            "sd1": ["v1", "clip"], "sd2": ["v1", "v2", "open_clip"], "sdxl": ["xl_base", "clip_sdxl", "open_clip_sdxl"],
            "sdxl-refiner": ["xl_refiner", "open_clip_sdxl_refiner"]}[name]]:
        assert marker in shapes, marker
    return shapes


def check_configuration(name: str, parts: dict) -> None:
    """The bundled UNet is what diffusers makes of the original configuration."""
    unet = {"in_channels": 4, "out_channels": 4, "num_res_blocks": 2, **ORIGINAL[name]}
    original = {"model": {"params": {"unet_config": {"params": unet},
                                     "first_stage_config": {"params": {"ddconfig": {"ch_mult": [1, 2, 4, 4]}}}}}}
    bundled = json.loads((FAMILIES / parts[UNET] / "config.json").read_text())
    size = bundled["sample_size"] * 8
    usual = {"transformer_layers_per_block": 1, "use_linear_projection": False}
    for key, value in theirs.create_unet_diffusers_config_from_ldm(original, {}, image_size=size).items():
        assert bundled.get(key, usual.get(key)) == value, (name, key, value)


def published_transformer(kind, config: dict) -> dict:
    """The shapes of a published file's tensors, by name."""
    with torch.device("meta"):
        model = kind(**config)
    tensors, config = {f"/{key}": value for key, value in model.state_dict().items()}, {"_class_name": kind.__name__, **model.config}
    own = table(BARE, [key[1:] for key in tensors], config, "")
    check(BARE, own, tensors, "", config)
    return {key: list(made(entry, tensors).shape) for key, entry in own.items()}


def save(name: str, value: dict) -> None:
    (HOME / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(value).encode(), mtime=0))


def main() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    for name, parts in TINY.items():
        save(name, tiny(parts))
    for name, parts in PUBLISHED.items():
        check_configuration(name, parts)
        save(f"{name}-published", published(name, parts))
    for name, (kind, config) in TRANSFORMERS.items():
        save(f"{name}-published", published_transformer(kind, config))


if __name__ == "__main__":
    main()
