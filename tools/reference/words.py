"""Text states of prompts in the syntaxes of other tools, of the tiny checkpoints.

compel's are made by compel itself. Those of stable-diffusion-webui and ComfyUI are arithmetic in torch, written after sd_hijack_clip.py,
sd_emphasis.py and sd1_clip.py of these tools: a case says how its prompt is parsed, and this file splits and weights it.
"""

import random
from pathlib import Path

import torch
from compel import Compel, ReturnedEmbeddingsType
from compel.prompt_parser import Blend, PromptParser
from diffusers import DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from fixtures import OUT, generator, save_cases, save_tensors

HOME = OUT / "words"
ROOM = 75
BACKTRACK = 20
LARGE = 8
BREAK = None
KEPT = 5  # every fifth token is recorded

LONG = "a red apple on a green hill, an astronaut riding a horse, the quick brown fox jumps over the lazy dog, "
MANY = "the quick brown fox jumps over the lazy dog and an astronaut riding a horse on a green hill "

# Syntax, prompt, and for the tools that are not run here its fragments.
CASES = [
    ("a1111", "a red apple", [("a red apple", 1.0)]),
    ("a1111", "a (red:1.4) apple [on] a ((green)) hill", [
        ("a ", 1.0), ("red", 1.4), (" apple ", 1.0), ("on", 1 / 1.1), (" a ", 1.0), ("green", 1.1 * 1.1), (" hill", 1.0)]),
    ("a1111", "a red apple BREAK an (astronaut:0.5) riding", [
        ("a red apple", 1.0), BREAK, ("an ", 1.0), ("astronaut", 0.5), (" riding", 1.0)]),
    ("a1111", LONG * 3 + "(a red apple:1.2)", [(LONG * 3, 1.0), ("a red apple", 1.2)]),
    ("a1111", MANY * 8, [(MANY * 8, 1.0)]),
    ("comfyui", "a red apple", [("a red apple", 1.0)]),
    ("comfyui", "a (red:1.4) apple [on] a ((green)) hill", [
        ("a ", 1.0), ("red", 1.4), (" apple [on] a ", 1.0), ("green", 1.1 * 1.1), (" hill", 1.0)]),
    ("comfyui", "a (red (apple:0.5)) \\(hill\\)", [("a ", 1.0), ("red ", 1.1), ("apple", 0.5), (" (hill)", 1.0)]),
    ("comfyui", MANY * 4 + "(a red apple:1.3)", [(MANY * 4, 1.0), ("a red apple", 1.3)]),
    ("compel", "a red apple", None),
    ("compel", "a (red)1.4 apple+ on a (green)-- hill", None),
    ("compel", "a (red apple (on)0.3 a hill)0.5, an astronaut", None),
    ("compel", '("a red apple", "an astronaut riding++ a horse").and(0.7, 1.2)', None),
    ("compel", '("a red apple", "a green- hill").blend(0.7, 0.3)', None),
    ("compel", MANY * 3 + "a (red apple)0.6. " + LONG + "the (lazy dog)1.3", None),
    ("compel", "fox" * 100, None),
]
PICTURES = [1, 6, 10]
NEGATIVE = "blurry, dark"


def words(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


def row(tokenizer, ids: list[int]) -> list[int]:
    ids = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    return ids + [tokenizer.pad_token_id] * (ROOM + 2 - len(ids))


def weights(chunk: list) -> torch.Tensor:
    return torch.tensor([1.0] + [weight for _, weight in chunk] + [1.0] * (ROOM + 1 - len(chunk)))


def webui_chunks(tokenizer, fragments) -> list:
    comma = words(tokenizer, ",")[0]
    chunks, chunk, last = [], [], None
    for fragment in fragments:
        if fragment is BREAK:
            chunks.append(chunk)
            chunk, last = [], None
            continue
        for token in words(tokenizer, fragment[0]):
            if token == comma:
                last = len(chunk)
            elif len(chunk) == ROOM and last is not None and ROOM - last <= BACKTRACK:
                chunks.append(chunk[:last + 1])
                chunk, last = chunk[last + 1:], None
            if len(chunk) == ROOM:
                chunks.append(chunk)
                chunk, last = [], None
            chunk.append((token, fragment[1]))
    return chunks + [chunk] if chunk or not chunks else chunks


def comfy_chunks(tokenizer, fragments) -> list:
    chunks = [[]]
    for text, weight in fragments:
        group = [(token, weight) for token in words(tokenizer, text)]
        large = len(group) >= LARGE
        while len(group) > ROOM - len(chunks[-1]):
            taken = ROOM - len(chunks[-1]) if large else 0
            chunks[-1] += group[:taken]
            group = group[taken:]
            chunks.append([])
        chunks[-1] += group
    return chunks


def webui(encode, tokenizer, fragments):
    parts = []
    for number, chunk in enumerate(webui_chunks(tokenizer, fragments)):
        states, pooled = encode(row(tokenizer, [token for token, _ in chunk]))
        first = pooled if number == 0 else first
        weighted = states * weights(chunk)[:, None]
        parts.append(weighted * (states.mean() / weighted.mean()))
    return torch.cat(parts), first


def comfy(encode, tokenizer, fragments):
    empty, _ = encode(row(tokenizer, []))
    parts = []
    for number, chunk in enumerate(comfy_chunks(tokenizer, fragments)):
        states, pooled = encode(row(tokenizer, [token for token, _ in chunk]))
        first = pooled if number == 0 else first
        parts.append((states - empty) * weights(chunk)[:, None] + empty)
    return torch.cat(parts), first


def encoder(model, penultimate: bool):
    def encode(ids):
        answer = model(torch.tensor([ids]), output_hidden_states=True)
        states = answer.hidden_states[-2] if penultimate else answer.last_hidden_state
        return states[0], answer.text_embeds[0] if hasattr(answer, "text_embeds") else None
    return encode


def answer(syntax: str, prompt: str, fragments, model, tokenizer, penultimate: bool):
    if syntax != "compel":
        return {"a1111": webui, "comfyui": comfy}[syntax](encoder(model, penultimate), tokenizer, fragments)
    # compel itself fails where it is to give the pooled state of a conjunction with weights.
    compel = Compel(
        tokenizer, model, truncate_long_prompts=False, device="cpu",
        returned_embeddings_type=ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED if penultimate
        else ReturnedEmbeddingsType.LAST_HIDDEN_STATES_NORMALIZED)
    projected = isinstance(model, CLIPTextModelWithProjection)
    pooled = compel.conditioning_provider.get_pooled_embeddings([prompt], device="cpu")[0] if projected else None
    return compel(prompt)[0], pooled


def states() -> None:
    sd1, sdxl = OUT / "checkpoints/sd1", OUT / "sdxl"
    models = {
        "checkpoints/sd1": [(CLIPTextModel, sd1, "text_encoder", "tokenizer", False)],
        "sdxl": [
            (CLIPTextModel, sdxl, "text_encoder", "tokenizer", True),
            (CLIPTextModelWithProjection, sdxl, "text_encoder_2", "tokenizer_2", True)]}
    loaded = {
        name: [(kind.from_pretrained(home / part).eval(), CLIPTokenizer.from_pretrained(home / tokens), last)
               for kind, home, part, tokens, last in parts] for name, parts in models.items()}
    tensors, cases = {}, []
    for number, (syntax, prompt, fragments) in enumerate(CASES):
        for name, parts in loaded.items():
            found = [answer(syntax, prompt, fragments, *part) for part in parts]
            side_by_side = torch.cat([one for one, _ in found], -1)
            tensors[f"{number}/{name}/states"] = side_by_side[::KEPT]
            if found[-1][1] is not None:
                tensors[f"{number}/{name}/text_embeds"] = found[-1][1]
            cases.append({
                "case": f"{number}/{name}", "model": name, "syntax": syntax, "prompt": prompt, "tokens": len(side_by_side)})
    save_tensors(HOME / "states.safetensors", tensors)
    save_cases(HOME / "states.json", cases)


def composed() -> None:
    """A run of ten DDIM steps whose texts change, guided by two prompts at once as stable-diffusion-webui does it."""
    home, steps, scale = OUT / "checkpoints/sd1", 10, 7.5
    pipe = StableDiffusionPipeline.from_pretrained(home, safety_checker=None)
    encode = encoder(pipe.text_encoder, False)
    state = lambda *fragments: webui(encode, pipe.tokenizer, list(fragments))[0]
    apple, hill = state((" a red apple", 1.0)), state((" a green hill", 1.0))
    rider = state((" an ", 1.0), ("astronaut", 1.2), (" riding", 1.0), BREAK, ("a horse", 1.0))
    blurry, dark = state(("blurry", 1.0)), state(("dark", 1.0))
    longer = lambda short: torch.cat([short, short[-1:].repeat(len(rider) - len(short), 1)])
    scheduler = DDIMScheduler.from_pretrained(home / "scheduler")
    scheduler.set_timesteps(steps)
    latents = start = torch.randn([1, 4, 8, 12], generator=generator(7)) * scheduler.init_noise_sigma
    for step, timestep in enumerate(scheduler.timesteps):
        # The first step counts as step 0, which is before the end of the first text, as step 1 is.
        prompt, negative = longer(apple if step <= 5 else hill), blurry if max(step, 1) % 2 == 1 else dark
        noise = lambda states: pipe.unet(latents, timestep, states[None]).sample
        without = noise(negative)
        guided = without + scale * (noise(prompt) - without) + 0.6 * scale * (noise(rider) - without)
        latents = scheduler.step(guided, timestep, latents).prev_sample
    save_tensors(HOME / "composed.safetensors", {"start": start, "end": latents})


def pictures() -> None:
    """diffusers' picture of the states of one prompt of each syntax."""
    pipe = StableDiffusionPipeline.from_pretrained(OUT / "checkpoints/sd1", safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    part, cases = (pipe.text_encoder, pipe.tokenizer, False), []
    for number in PICTURES:
        syntax, prompt, fragments = CASES[number]
        states, negative = (answer(syntax, text, told, *part)[0][None] for text, told in (
            (prompt, fragments), (NEGATIVE, [(NEGATIVE, 1.0)])))
        pipe(
            prompt_embeds=states, negative_prompt_embeds=negative, guidance_scale=5.0, width=48, height=48, num_inference_steps=8,
            generator=generator(7)).images[0].save(HOME / f"{syntax}.png", optimize=True)
        cases.append({
            "name": syntax, "workflow": "text_to_image", "prompt_syntax": syntax, "prompt": prompt, "negative_prompt": NEGATIVE,
            "guidance_scale": 5.0, "width": 48, "height": 48, "steps": 8, "seed": 7})
    save_cases(HOME / "pictures.json", cases)


TOLD = "a <Cat-toy> and an apple in the several style, <Cat-toy>"


def embeddings() -> None:
    """Textual inversions of one vector and of three, as diffusers loads them."""
    source = generator(11)
    files = {
        "sd1-toy": {"<Cat-toy>": torch.randn([32], generator=source)},
        "several": {"emb_params": torch.randn([3, 32], generator=source)},
        "xl": {"clip_l": torch.randn([2, 16], generator=source), "clip_g": torch.randn([2, 24], generator=source)}}
    for name, tensors in files.items():
        save_tensors(HOME / f"embeddings/{name}.safetensors", tensors)
    sd1 = StableDiffusionPipeline.from_pretrained(OUT / "checkpoints/sd1", safety_checker=None)
    sd1.load_textual_inversion(files["sd1-toy"])
    sd1.load_textual_inversion(files["several"], token="several")
    answers = {"sd1": sd1.encode_prompt(TOLD, "cpu", 1, False)[0][0]}
    sdxl = StableDiffusionXLPipeline.from_pretrained(OUT / "sdxl", add_watermarker=False)
    sdxl.load_textual_inversion(files["xl"]["clip_l"], token="xl", text_encoder=sdxl.text_encoder, tokenizer=sdxl.tokenizer)
    sdxl.load_textual_inversion(files["xl"]["clip_g"], token="xl", text_encoder=sdxl.text_encoder_2, tokenizer=sdxl.tokenizer_2)
    states, _, pooled, _ = sdxl.encode_prompt("a red apple, xl, on a hill", do_classifier_free_guidance=False)
    save_tensors(HOME / "embedded.safetensors", {**answers, "sdxl": states[0], "sdxl_pooled": pooled[0]})


def parsed(prompt: str):
    """The parts of a prompt as compel parses it, or nothing where it says that it cannot or that it needs more than states."""
    try:
        conjunction = PromptParser().parse_conjunction(prompt)
    except Exception:
        return None
    parts = []
    for part in conjunction.prompts:
        prompts = part.prompts if isinstance(part, Blend) else [part]
        if any(one.wants_cross_attention_control for one in prompts) or conjunction.lora_weights:
            return None
        parts.append({
            "prompts": [[[fragment.text, fragment.weight] for fragment in one.children] for one in prompts],
            "weights": part.weights if isinstance(part, Blend) else [1.0],
            "normalized": part.normalize_weights if isinstance(part, Blend) else True})
    return {"parts": parts, "weights": conjunction.weights}


WRITTEN = [
    "", " ", "fire flames", "fire (flames)", "fire, flames", "fire, flames , fire", "cat hot-dog eating", "Dalí", "(flames)0.5",
    "(flames).attend(0.5)", "flames.attend(0.5)", '"flames".attend(0.5)', "(fire flames).attend(0.5)", "(flames)+", "flames+",
    '"flames"+', "flames.attend(+)", '"flames".attend(+)', "(flames)-", "flames-", '"flames"-', "fire (flames)0.5",
    "fire flames.attend(0.5)", 'fire "flames".attend(0.5)', "(flames)++", "(flames)--", "(flowers)--- flames+++",
    "(pretty flowers)+, the flames are too hot", "flowers fire++ flames", '("fire", "flames").and(1,1)', '("fire", "flames").and()',
    '("(fire)2.0", "flames-").and()', '("fire", "flames", "mountain man").and()', '("fire", "flames").and(2,1)',
    '("fire", "flames").and(2)', '("mountain man", "a person with a hat (riding a bicycle)++").and(0.5, 0.5)', "a test prompt",
    "a badly formed +test prompt", "a badly (formed test prompt", "a badly (formed +test )prompt", "(((a badly (formed +test )prompt",
    "(a (ba)dly (f)ormed +test +prompt", '("((a badly (formed +test ").blend(1.0)', "hamburger ((bun))", "hamburger ((kaiser roll))",
    '("mountain", "man").blend()', "(mountain, man).blend()", "((mountain), (tall man)).blend()", '("fire", "fire flames").blend(0.7, 0.3)',
    '("fire", "fire flames (hot)++", "hi").blend(0.7, 0.3, 1.0)', '("fire").blend(0.7)', '("fire", "").blend(0.7, 1)',
    '("fire", "  ,  ").blend(0.7, 1)', '("mountain, man, hairy", "face, teeth, eyes--").blend(1,-1)',
    '("mountain, man, hairy", "face, teeth, eyes--").blend(1,-1,no_normalize)', '("fire", "fire flames").blend(0.7)',
    "fire (flames (trees)1.5)2.0", '("fire (flames)++", "mountain (man)2").blend(1,1)', "mountain \\(man\\)", "mountain (\\(man)\\)",
    "mountain (\\(man\\))+", '"mountain" (\\(man\\))+', '\\"mountain\\" (\\(man\\))+', '(\\"mountain\\")+ (\\(man\\))-',
    "hairy (mountain (\\(man\\))+)+", 'hairy ("mountain, man" with a beard+)+', 'hairy ("mountain, \\"man\\"" with a (beard)2.0)+',
    "sun.swap(moon)", "a cat.swap(dog, s_start=0.1) eating", "withLora(hoop, 1) a cat", "it's 5.5 o'clock, isn't it?", "a -5 degrees",
    '("a", "b").and() and more', '("a", "b").blend() and more']

PIECES = [
    "a", "red apple", "fox", "(", ")", "(", ")", "+", "-", "++", "--", "0.5", "1.2", "2", '"', '"', ",", ".", " ", " ", " ", ".attend(",
    ".blend(", ".and(", "\\(", "\\)", '\\"', "hot-dog", "x+y", "=", "no_normalize", "\n", "é", "\\", ".5", "-1"]


def parses() -> None:
    source = random.Random(7)
    made = ["".join(source.choice(PIECES) for _ in range(source.randint(2, 14))) for _ in range(400)]
    save_cases(HOME / "compel.json", [{"prompt": prompt, "parsed": parsed(prompt)} for prompt in dict.fromkeys(WRITTEN + made)])


def main() -> None:
    Path(HOME).mkdir(exist_ok=True)
    states()
    composed()
    pictures()
    embeddings()
    parses()


if __name__ == "__main__":
    main()
