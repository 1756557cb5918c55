"""What a UNet2DConditionModel of each configuration answers, with weights that the test makes by the same rule.

Weights are not stored: `weight` gives each number from the tensor's name and its index. Stored are the configuration, a digest of all
names and shapes, the inputs of two rows and what the network says to each row alone.
"""

import hashlib
import shutil
import sys
import zlib

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.transformers.dual_transformer_2d import DualTransformer2DModel

from fixtures import OUT, generator, save_json, save_tensors

HOME = OUT / "unets"
TIMESTEPS = [731.0, 47.25]
TOKENS = [7, 5]  # of each row, where rows may differ


def noise(name: str, count: int) -> np.ndarray:
    """Numbers in [-1, 1) that only depend on the tensor's name: murmur3's finalizer over the index."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) ^ np.uint32(zlib.crc32(name.encode()))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def weight(name: str, shape: tuple) -> np.ndarray:
    """Matrices keep variance, scales of norms are near one, biases are small and not zero."""
    values = noise(name, int(np.prod(shape))).reshape(shape)
    if name.startswith("time_proj."):
        return values * np.float32(0.01)  # frequencies: their angles stay small
    if len(shape) > 1:
        return values * np.float32(np.sqrt(3 / np.prod(shape[1:])))
    if "norm" in name and name.endswith(".weight"):
        return np.float32(1) + np.float32(0.25) * values
    return np.float32(0.25) * values


def digest(shapes: dict) -> str:
    lines = [f"{name} {list(shape)}\n" for name, shape in sorted(shapes.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def without_mask(self, hidden_states, encoder_hidden_states, encoder_attention_mask=None, **more):
    """The blocks of this release pass an argument on that the transformer does not take."""
    return FORWARD(self, hidden_states, encoder_hidden_states, **more)


FORWARD = DualTransformer2DModel.forward
DualTransformer2DModel.forward = without_mask

SIMPLE = {
    "down_block_types": ["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"],
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": ["SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"],
    "attention_head_dim": 4,
    "resnet_time_scale_shift": "scale_shift",
}
IF = {
    **SIMPLE, "act_fn": "gelu", "addition_embed_type": "text", "addition_embed_type_num_heads": 3, "encoder_hid_dim": 12,
    "encoder_hid_dim_type": "text_proj", "cross_attention_dim": 32, "cross_attention_norm": "group_norm", "in_channels": 3,
    "out_channels": 6, "mid_block_scale_factor": 1.41421356237, "resnet_out_scale_factor": 1.41421356237,
    "resnet_skip_time_act": True, "time_embedding_act_fn": "gelu",
}
K = {
    "sample_size": 8, "in_channels": 8, "out_channels": 5, "act_fn": "gelu", "attention_head_dim": 16, "conv_in_kernel": 1,
    "conv_out_kernel": 1, "norm_num_groups": None, "mid_block_type": None, "layers_per_block": 2, "cross_attention_dim": 12,
    "block_out_channels": [32, 64, 64], "time_embedding_type": "fourier", "time_embedding_dim": 64,
    "timestep_post_act": "gelu", "time_cond_proj_dim": 20, "resnet_time_scale_shift": "scale_shift",
    "down_block_types": ["KDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D"],
    "up_block_types": ["KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KUpBlock2D"],
}
PLAIN = {"down_block_types": ["DownBlock2D", "DownBlock2D"], "mid_block_type": None,
         "up_block_types": ["UpBlock2D", "UpBlock2D"]}
THREE = {"block_out_channels": [8, 16, 16],
         "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
         "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]}
SDXL = {**THREE, "addition_embed_type": "text_time", "addition_time_embed_dim": 8, "use_linear_projection": True,
        "layers_per_block": 2, "transformer_layers_per_block": [1, 2, 3], "attention_head_dim": [1, 2, 4]}

VARIANTS = {
    # Stable Diffusion's own, and those of its tasks
    "sdxl": {**SDXL, "projection_class_embeddings_input_dim": 20 + 6 * 8},
    "sdxl_refiner": {**SDXL, "projection_class_embeddings_input_dim": 16 + 5 * 8, "transformer_layers_per_block": 2},
    "sdxl_lcm": {**SDXL, "projection_class_embeddings_input_dim": 20 + 6 * 8, "time_cond_proj_dim": 24},
    "ssd": {**SDXL, "projection_class_embeddings_input_dim": 20 + 6 * 8, "mid_block_type": "UNetMidBlock2D",
            "transformer_layers_per_block": [[0, 0], [2, 1], [1, 3]],
            "reverse_transformer_layers_per_block": [[2, 1, 3], [1, 1, 2], 1]},
    "lcm": {"time_cond_proj_dim": 24},
    "inpaint": {"in_channels": 9},
    "pix2pix": {"in_channels": 8},
    "depth": {"in_channels": 5, "sample_size": [8, 12]},
    "x4": {"in_channels": 7, "num_class_embeds": 1000, "only_cross_attention": [True, False]},
    # pixels: DeepFloyd IF, Karlo, Kandinsky
    "if": IF,
    "if_upscaler": {**IF, "in_channels": 6, "class_embed_type": "timestep", "only_cross_attention": True},
    "karlo": {**SIMPLE, "class_embed_type": "identity", "out_channels": 8, "resnet_out_scale_factor": 1.2},
    "karlo_only_cross": {**SIMPLE, "attention_head_dim": [2, 4], "only_cross_attention": [False, True], "mid_block_only_cross_attention": True,
                         "cross_attention_norm": "layer_norm", "resnet_skip_time_act": True},
    "kandinsky2_1": {**SIMPLE, "encoder_hid_dim": 12, "encoder_hid_dim_type": "text_image_proj",
                     "addition_embed_type": "text_image", "out_channels": 8},
    "kandinsky2_2": {**SIMPLE, "encoder_hid_dim": 12, "encoder_hid_dim_type": "image_proj", "addition_embed_type": "image",
                     "out_channels": 8},
    "kandinsky2_2_hint": {**SIMPLE, "encoder_hid_dim": 12, "encoder_hid_dim_type": "image_proj",
                          "addition_embed_type": "image_hint", "in_channels": 8, "out_channels": 8},
    # the latent upscaler's blocks
    "k": K,
    "k_two_levels": {**K, "attention_head_dim": [32, 16], "block_out_channels": [32, 64], "class_embed_type": "identity", "time_cond_proj_dim": None,
                     "down_block_types": ["KCrossAttnDownBlock2D", "KDownBlock2D"],
                     "up_block_types": ["KUpBlock2D", "KCrossAttnUpBlock2D"], "time_embedding_dim": 96},
    # the rest
    "projection": {"class_embed_type": "projection", "projection_class_embeddings_input_dim": 10, "act_fn": "relu"},
    "simple_projection": {**PLAIN, "class_embed_type": "simple_projection", "projection_class_embeddings_input_dim": 10,
                          "class_embeddings_concat": True, "act_fn": "mish"},
    "class_concat": {"num_class_embeds": 30, "class_embeddings_concat": True, "mid_block_type": "UNetMidBlock2D"},
    "time": {"time_embedding_type": "fourier", "class_embed_type": "timestep", "act_fn": "SiLU", "time_embedding_dim": 24,
             "timestep_post_act": "mish", "time_embedding_act_fn": "relu", "flip_sin_to_cos": False, "freq_shift": 1},
    "lists": {**THREE, "layers_per_block": [1, 2, 3], "cross_attention_dim": [16, 16, 16], "attention_head_dim": [1, 2, 4],
              "transformer_layers_per_block": [1, 3, 2], "only_cross_attention": [False, True, False],
              "upcast_attention": True, "resnet_time_scale_shift": "scale_shift", "mid_block_scale_factor": 1.3},
    "dual": {"dual_cross_attention": True, "transformer_layers_per_block": 2, "use_linear_projection": True},
    "attention": {**PLAIN, "down_block_types": ["UNetResAttnDownBlock2D", "AttnDownBlock2D"], "attention_head_dim": [4, 2],
                  "up_block_types": ["AttnUpBlock2D", "UNetResAttnUpBlock2D"], "mid_block_type": "UNetMidBlock2D",
                  "layers_per_block": 2, "center_input_sample": True},
    "unconditional": {**PLAIN, "downsample_padding": 0, "norm_eps": 1e-6, "conv_in_kernel": 5, "conv_out_kernel": 1},
    "kernels": {"downsample_padding": 0, "conv_in_kernel": 1, "conv_out_kernel": 5, "center_input_sample": True},
}
ODD = {"sdxl", "depth", "lists", "unconditional"}  # also drawn at a size that no level halves evenly; others cannot be
FIXED = {"if", "if_upscaler"}  # the padding of a text takes part, so that rows of one length only belong together


def model_of(config: dict) -> UNet2DConditionModel:
    config = {"sample_size": 8, "cross_attention_dim": 16, "norm_num_groups": 4, "layers_per_block": 1,
              "block_out_channels": [8, 16], "attention_head_dim": 2,
              "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
              "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], **config}
    model = UNet2DConditionModel(**config)
    for name, parameter in model.named_parameters():
        parameter.copy_(torch.from_numpy(weight(name, tuple(parameter.shape)).astype(np.float32)))
    return model.eval()


def inputs_of(name: str, model: UNet2DConditionModel, source: torch.Generator) -> list:
    """Of each row what the network takes besides its sample and timestep, under diffusers' names."""
    config = model.config
    width = config.encoder_hid_dim or model.config.cross_attention_dim
    width = width if isinstance(width, int) else width[0]
    rows = []
    for row in range(2):
        def draw(*shape):
            return torch.randn(shape, generator=source)

        given = {}
        attends = any("CrossAttn" in block for block in [*config.down_block_types, *config.up_block_types, config.mid_block_type or ""])
        if (attends or config.encoder_hid_dim_type or config.addition_embed_type == "text") and config.encoder_hid_dim_type != "image_proj":
            tokens = 77 + 257 if config.dual_cross_attention else TOKENS[0 if name in FIXED else row]
            given["encoder_hidden_states"] = draw(tokens, width)
        if config.time_cond_proj_dim:
            given["timestep_cond"] = draw(config.time_cond_proj_dim)
        time_width = model.time_embedding.linear_2.out_features
        if config.class_embed_type == "identity":
            given["class_labels"] = draw(time_width)
        elif config.class_embed_type in ("projection", "simple_projection"):
            given["class_labels"] = draw(config.projection_class_embeddings_input_dim)
        elif config.class_embed_type == "timestep" or config.num_class_embeds:
            given["class_labels"] = torch.tensor([20, 7][row])
        if config.addition_embed_type == "text_time":
            numbers = 5 if name == "sdxl_refiner" else 6
            given["text_embeds"] = draw(config.projection_class_embeddings_input_dim - 8 * numbers)
            ids = [[64, 96, 0, 8, 64, 96], [1024, 512, 16, 0, 768, 320]][row]
            given["time_ids"] = torch.tensor(ids[:numbers], dtype=torch.float)
        if config.addition_embed_type == "text_image":
            given["text_embeds"] = draw(16)
            given["image_embeds"] = draw(16)
        if config.addition_embed_type in ("image", "image_hint"):
            given["image_embeds"] = draw(12)
        rows.append(given)
    return rows


def answer(model: UNet2DConditionModel, sample, timestep: float, given: dict) -> torch.Tensor:
    batch = {key: value[None] for key, value in given.items()}
    added = {key: batch[key] for key in ("text_embeds", "time_ids", "image_embeds", "hint") if key in batch}
    return model(
        sample[None], torch.tensor(timestep), batch.get("encoder_hidden_states"), class_labels=batch.get("class_labels"),
        timestep_cond=batch.get("timestep_cond"), added_cond_kwargs=added).sample[0]


def record(name: str, config: dict, seed: int) -> None:
    model, source = model_of(config), generator(seed)
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    rows = inputs_of(name, model, source)
    tensors = {"timesteps": torch.tensor(TIMESTEPS)}
    for row, given in enumerate(rows):
        tensors |= {f"{row}/{key}": value.float() for key, value in given.items()}
    sizes = [(8, 8), (7, 13)] if name in ODD else [(8, 12)]
    hinted = model.config.addition_embed_type == "image_hint"
    channels = model.config.in_channels - (4 if hinted else 0)
    for height, width in sizes:
        for row, given in enumerate(rows):
            key = f"{height}x{width}/{row}"
            sample = torch.randn([channels, height, width], generator=source)
            if hinted:
                tensors[f"{key}/hint"] = given["hint"] = torch.rand([3, 8 * height, 8 * width], generator=source)
            out = answer(model, sample, TIMESTEPS[row], given)
            assert 0.2 < out.std() < 20, f"{name}: {out.std()}"
            tensors |= {f"{key}/sample": sample, f"{key}/answer": out}
    saved = {key: value for key, value in model.config.items() if not key.startswith("_")}
    save_json(HOME / f"{name}.json", {
        "weights": digest(shapes), "config": {"_class_name": "UNet2DConditionModel", **saved}})
    save_tensors(HOME / f"{name}.safetensors", tensors)


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    for seed, (name, config) in enumerate(VARIANTS.items()):
        record(name, config, 100 + seed)


if __name__ == "__main__":
    if len(sys.argv) > 1:  # python unets.py NAME: the names and shapes of a variant's weights
        for key, value in sorted(model_of(VARIANTS[sys.argv[1]]).state_dict().items()):
            print(key, list(value.shape))
    else:
        main()
