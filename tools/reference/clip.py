"""Tiny random CLIP encoders and a safety checker, and what transformers and diffusers answer (io.safetensors beside each)."""

import json

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPVisionConfig,
    CLIPVisionModelWithProjection)

from checkpoints import randomize, snap
from fixtures import OUT, generator, int64, save_json, save_tensors
from pictures import array, picture

HOME = OUT / "clip"
LENGTH = 9
EOS = 30

# The end repeats, is the padding too, is missing, or is not the largest id (an added token is larger).
IDS = [
    [29, 5, 6, 7, EOS, 1, 1, 1, 1],
    [29, 5, EOS, EOS, EOS, EOS, EOS, EOS, EOS],
    [29, 33, 8, EOS, 0, 0, 0, 0, 0],
    [29, 3, 4, 5, 6, 7, 8, 9, 10],
]


def text_config(**changes) -> CLIPTextConfig:
    return CLIPTextConfig(**{
        "vocab_size": 36, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2,
        "max_position_embeddings": LENGTH, "projection_dim": 12, "bos_token_id": 29, "eos_token_id": EOS,
        "pad_token_id": 1, **changes})


def text(name: str, model: torch.nn.Module, seed: int, half: bool = False) -> None:
    randomize(model, seed)
    (model.half() if half else model).save_pretrained(HOME / name, safe_serialization=True)
    answer = model.float()(int64(IDS), output_hidden_states=True)
    tensors = {"ids": int64(IDS), "last": answer.last_hidden_state}
    for number, state in enumerate(answer.hidden_states):
        tensors[f"hidden/{number}"] = state
        tensors[f"normed/{number}"] = model.text_model.final_layer_norm(state)
    if hasattr(answer, "text_embeds"):
        tensors["text_embeds"] = answer.text_embeds
    else:
        tensors["pooler_output"] = answer.pooler_output
    save_tensors(HOME / name / "io.safetensors", tensors)


def drop_last_layer(name: str) -> None:
    """config.json says one layer less than the file has, as in Stable Diffusion 2."""
    file = HOME / name / "config.json"
    config = json.loads(file.read_text())
    config["num_hidden_layers"] -= 1
    save_json(file, config)
    shallow = CLIPTextModel.from_pretrained(HOME / name)
    answer = shallow(int64(IDS), output_hidden_states=True)
    tensors = {"ids": int64(IDS), "last": answer.last_hidden_state, "pooler_output": answer.pooler_output}
    tensors |= {f"hidden/{number}": state for number, state in enumerate(answer.hidden_states)}
    tensors |= {f"normed/{number}": shallow.text_model.final_layer_norm(s) for number, s in enumerate(answer.hidden_states)}
    save_tensors(HOME / name / "io.safetensors", tensors)


def vision_config(**changes) -> CLIPVisionConfig:
    return CLIPVisionConfig(**{
        "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 12,
        "patch_size": 4, "projection_dim": 12, "hidden_act": "gelu", **changes})


def vision(name: str, model: torch.nn.Module, seed: int) -> None:
    randomize(model, seed)
    model.save_pretrained(HOME / name, safe_serialization=True)
    pixels = torch.randn([3, 3, 12, 12], generator=generator(seed))
    answer = model(pixels)
    save_tensors(HOME / name / "io.safetensors", {"pixels": pixels, "image_embeds": answer.image_embeds})


def safety(name: str, seed: int) -> None:
    """Thresholds of which each decides about one picture: one is over, two are just under, and one of these gets the adjustment."""
    model = StableDiffusionSafetyChecker(CLIPConfig(
        text_config=text_config().to_dict(), vision_config=vision_config(hidden_act="quick_gelu").to_dict(),
        projection_dim=12))
    randomize(model, seed)
    source = generator(seed)
    model.concept_embeds.copy_(snap(torch.randn(model.concept_embeds.shape, generator=source)))
    model.special_care_embeds.copy_(snap(torch.randn(model.special_care_embeds.shape, generator=source)))
    processor = CLIPImageProcessor(size={"shortest_edge": 12}, crop_size={"height": 12, "width": 12})
    pictures = [picture(20, 16, 3, seed + i) for i in range(6)]
    pixels = processor(pictures, return_tensors="pt").pixel_values
    embeds = torch.nn.functional.normalize(model.visual_projection(model.vision_model(pixels)[1]))
    concepts = embeds @ torch.nn.functional.normalize(model.concept_embeds).T
    special = embeds @ torch.nn.functional.normalize(model.special_care_embeds).T
    model.concept_embeds_weights.fill_(1.5)
    model.special_care_embeds_weights.fill_(1.5)
    # The row that each concept fits best, once per row.
    concept_of = {int(row): concept for concept, row in enumerate(concepts.argmax(0))}
    helped = next(int(row) for row in special.argmax(0) if int(row) in concept_of)
    over, under = [row for row in concept_of if row != helped][:2]
    care = int((special.argmax(0) == helped).nonzero()[0])
    model.special_care_embeds_weights[care] = special[:, care].sort().values[-2:].mean()
    model.concept_embeds_weights[concept_of[over]] = concepts[:, concept_of[over]].sort().values[-2:].mean()
    for row in (helped, under):
        model.concept_embeds_weights[concept_of[row]] = concepts[row, concept_of[row]] + 0.005
    flags = model(clip_input=pixels, images=[torch.ones(3, 2, 2) for _ in range(6)])[1]
    assert flags == [row in (over, helped) for row in range(6)], flags
    model.save_pretrained(HOME / name, safe_serialization=True)
    processor.save_pretrained(HOME / name / "feature_extractor")
    save_tensors(HOME / name / "io.safetensors", {
        "pictures": torch.stack([array(image) for image in pictures]), "pixels": pixels, "flags": int64([int(flag) for flag in flags]),
        "special": special - model.special_care_embeds_weights, "concepts": concepts - model.concept_embeds_weights})


def main() -> None:
    text("projected", CLIPTextModelWithProjection(text_config(hidden_act="gelu")), 60)
    text("projected-legacy-eos", CLIPTextModelWithProjection(text_config(hidden_act="gelu", eos_token_id=2)), 61, True)
    text("plain", CLIPTextModel(text_config(hidden_act="quick_gelu")), 62)
    drop_last_layer("plain")
    vision("vision", CLIPVisionModelWithProjection(vision_config()), 63)
    safety("safety", 64)
