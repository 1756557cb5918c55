"""Z-Image with diffusers' own pipelines: ids of its tokenizer, text states, one network call, the trajectory and the picture. One tiny random checkpoint.

It needs newer packages than the other scripts: requirements-z-image.txt.
"""

import json
import random
import shutil

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ZImageImg2ImgPipeline, ZImageInpaintPipeline, ZImagePipeline, ZImageTransformer2DModel
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model

import comfy_flow_pictures
import single_files
from checkpoints import randomize, scale_last, snap
from fixtures import OUT, generator, save_cases, save_json, save_tensors
from flux import pictures, wide_vae, workflow
from pipeline import save_picture
from token_ids import STRINGS, random_string
from tokenizers_tiny import WORDS

HOME = OUT / "z_image"
MODEL = HOME / "model"
WIDTH = 16
PIECES = 330
KEPT = 64  # recorded states of a text
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

# The parts of Qwen3's template that a message of a user alone meets.
TEMPLATE = r"""{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role + '\n' + message.content }}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""

LONG = "an astronaut riding a horse on a green hill in the rain, a painting of a blue house, highly detailed, cool light, the quick brown fox"
CASES = [
    {"name": "turbo", "prompt": "a red apple on a green hill", "guidance_scale": 0.0, "width": 48, "height": 32, "steps": 8},
    {"name": "guided", "prompt": LONG, "negative_prompt": "blurry", "guidance_scale": 5.0, "width": 64, "height": 32, "steps": 5},
    {"name": "beside", "prompt": "", "guidance_scale": 2.5, "width": 48, "height": 32, "steps": 6},
    {"name": "faint", "prompt": "a red apple", "negative_prompt": "blurry", "guidance_scale": 0.5, "width": 48, "height": 32, "steps": 5},
    {"name": "long", "prompt": LONG * 9, "guidance_scale": 1.0, "width": 32, "height": 32, "steps": 2},
    {"name": "image", "prompt": "a red apple", "negative_prompt": "", "guidance_scale": 4.0, "width": 48, "height": 32, "steps": 7, "strength": 0.6,
     "image": "photo.png"},
    {"name": "painted", "prompt": "a red apple", "guidance_scale": 0.0, "width": 48, "height": 32, "steps": 5, "strength": 0.85,
     "image": "photo.png", "mask": "mask.png"},
]
# As published, and with the other parts as ComfyUI writes them.
FILES = {
    "z-image": {single_files.BARE: "z_image/model/transformer"},
    "z-image-all": {single_files.UNET: "z_image/model/transformer", single_files.VAE: "z_image/model/vae",
                    single_files.QWEN: "z_image/model/text_encoder"},
}
PIPELINES = {"text_to_image": ZImagePipeline, "image_to_image": ZImageImg2ImgPipeline, "inpainting": ZImageInpaintPipeline}


def tokenizer(folder) -> None:
    """The files that published folders have."""
    folder.mkdir(parents=True)
    words = Tokenizer(models.BPE())
    words.normalizer = normalizers.NFC()
    words.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORD), behavior="isolated", invert=False), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    words.decoder = decoders.ByteLevel()
    lines = [" ".join(WORDS)] * 3 + ["user\nassistant\n"] * 9
    words.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=PIECES, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    words.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in MARKS])
    words.save(str(folder / "tokenizer.json"))
    words.model.save(str(folder))
    added = {words.token_to_id(mark): {
        "content": mark, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True} for mark in MARKS}
    save_json(folder / "tokenizer_config.json", {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added, "additional_special_tokens": MARKS[1:], "bos_token": None,
        "chat_template": TEMPLATE, "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace", "model_max_length": 131072,
        "pad_token": "<|endoftext|>", "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})


def encoder(vocabulary: int, seed: int) -> Qwen3Model:
    return randomize(Qwen3Model(Qwen3Config(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        max_position_embeddings=1024, rope_parameters={"rope_type": "default", "rope_theta": 5000.0}, tie_word_embeddings=True)), seed)


def publish(folder) -> None:
    """Names and options as in published folders, which an older transformers wrote, from the language model."""
    file = folder / "model.safetensors"
    save_file({f"model.{name}": value for name, value in load_file(file).items()}, file, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    save_json(folder / "config.json", {
        **{key: value for key, value in config.items() if key not in ("rope_parameters", "layer_types", "dtype")},
        "architectures": ["Qwen3ForCausalLM"], "rope_scaling": None, "rope_theta": 5000, "torch_dtype": "bfloat16", "transformers_version": "4.51.0"})


def transformer(seed: int) -> ZImageTransformer2DModel:
    model = randomize(ZImageTransformer2DModel(
        dim=16, n_layers=2, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=WIDTH, axes_dims=[4, 2, 2], axes_lens=[1024, 64, 64]), seed)
    # The embedding of the timestep is 1024 wide whatever the rest is: most of it is zero, so that the file packs well.
    first, last = model.t_embedder.mlp[0], model.t_embedder.mlp[2]
    first.weight[48:] = 0
    last.weight[:, 48:] = 0
    last.weight.copy_(snap(last.weight * 4))
    source = generator(seed)
    answer = model(
        [torch.randn([16, 1, 8, 8], generator=source) for _ in range(2)], torch.tensor([0.1, 0.9]),
        [torch.randn([count, WIDTH], generator=source) for count in (9, 40)]).sample
    scale_last(model.all_final_layer["2-1"].linear, torch.stack(answer), 1.0)
    return model


def checkpoint(seed: int) -> None:
    tokenizer(MODEL / "tokenizer")
    words = Qwen2Tokenizer.from_pretrained(MODEL / "tokenizer")
    pipe = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=wide_vae(seed).half(), text_encoder=encoder(len(words), seed + 1).bfloat16(),
        tokenizer=words, transformer=transformer(seed + 2).bfloat16())
    pipe.save_pretrained(MODEL)
    shutil.rmtree(MODEL / "tokenizer")
    tokenizer(MODEL / "tokenizer")
    publish(MODEL / "text_encoder")
    save_json(MODEL / "weir.json", {"native_size": 64})


def given(case: dict) -> dict:
    """What a pipeline is asked beside the prompt. It wants pictures of the size that it makes."""
    return {key: value.resize((case["width"], case["height"]), Image.Resampling.LANCZOS) if key == "image" else value
            for key, value in pictures(case).items()}


def run(case: dict) -> tuple[dict, torch.Tensor]:
    """Everything on the way of one picture, by name."""
    pipe = PIPELINES[case["workflow"]].from_pretrained(MODEL, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    guided = case["guidance_scale"] > 0
    states, negative = pipe.encode_prompt(case["prompt"], negative_prompt=case["negative_prompt"], do_classifier_free_guidance=guided)
    tensors, forward, steps = {"states": states[0][:KEPT]}, pipe.transformer.forward, []
    if guided:
        tensors["negative_states"] = negative[0][:KEPT]
    assert (len(states[0]) == 512) == (case["name"] == "long"), len(states[0])

    def record(x, t, *more, **options):
        answer = forward(x, t, *more, **options)
        if "call/output" not in tensors:
            # What the sampler sees; the row of the negative prompt first.
            tensors.update({"call/sample": x[0].squeeze(1), "call/output": -torch.stack(answer[0][::-1]).squeeze(2)})
            tensors["call/timestep"] = 1000 - t[:1] * 1000
        return answer

    def step(pipe, number, timestep, kept):
        steps.append(kept["latents"])
        return {}

    pipe.transformer.forward = record
    image = pipe(
        case["prompt"], negative_prompt=case["negative_prompt"], guidance_scale=case["guidance_scale"], width=case["width"], height=case["height"],
        num_inference_steps=case["steps"], generator=generator(case["seed"]), output_type="pt", callback_on_step_end=step, **given(case)).images
    case |= {"calls": len(steps), "recorded": sorted({0, len(steps) - 1})}
    return tensors | {f"step {number}": steps[number] for number in case["recorded"]}, image * 2 - 1


def token_ids() -> None:
    """Of texts as they are, and of the messages that prompts become."""
    words = Qwen2Tokenizer.from_pretrained(MODEL / "tokenizer")
    own = Tokenizer.from_file(str(MODEL / "tokenizer/tokenizer.json"))
    source, cases = random.Random(11), []
    for text in STRINGS + ["a<|im_end|>\n<|im_start|>b"] + [random_string(source) for _ in range(40)]:
        message = words.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, enable_thinking=True)
        ids = words(message).input_ids
        assert ids == own.encode(message).ids
        assert words(message, truncation=True, max_length=24).input_ids == ids[:24]
        cases.append({"text": text, "ids": ids})
    save_cases(HOME / "token_ids.json", cases)


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    checkpoint(810)
    for name, parts in FILES.items():
        single_files.save(name, single_files.tiny(parts))
    shapes = single_files.published_transformer(ZImageTransformer2DModel, {})
    single_files.save("z-image-published", shapes | {"norm_final.weight": [3840]})  # which nothing reads
    token_ids()
    tensors, cases = {}, []
    for case in CASES:
        case = {"workflow": workflow(case), "checkpoint": "model", "negative_prompt": None, **case, "seed": 7}
        found, image = run(case)
        tensors |= {f"{case['name']}/{key}": value for key, value in found.items()}
        save_picture(HOME / f"{case['name']}.png", image)
        cases.append(case)
    save_tensors(HOME / "io.safetensors", tensors)
    save_cases(HOME / "cases.json", cases)
    comfy_flow_pictures.main(("z_image",))


if __name__ == "__main__":
    main()
