"""Token ids by CLIP tokenizers that have added tokens, in each of the ways in which a folder can say so."""

import json
import shutil
import tempfile
from pathlib import Path

from diffusers.loaders import TextualInversionLoaderMixin
from transformers import AddedToken, CLIPTokenizer, CLIPTokenizerFast

from fixtures import OUT, save_cases

VOCABULARY = ["vocab.json", "merges.txt"]
TEXTS = [
    "a photo of <cat-toy>", "<cat-toy>", "a <CAT-TOY> and a <Cat-Toy>", "red<cat-toy>apple", "red  <cat-toy>  apple <cat-toy><cat-toy>", "“<cat-toy>” &amp; a cat", "&lt;cat-toy&gt;",
    "＜cat-toy＞", "a <big> , <bigger> and <bi", "xwordx word wordx xword word", "a word, (word) word\tword", " left  ,  right  ", "left\u00a0,\u2003right", "MyStyle mystyle MYSTYLE",
    "<big><cat-toy>word", "<|endoftext|><cat-toy>", "caf\u00e9e\u0301 <cat-toy>", "sks person", "!<pad>!", "<many> and <many>", "<many>_1", "the <many>, <cat-toy>", "", "<cat-toy> " * 60, "red apple " * 36 + "a <cat-toy> horse <many> riding",
]
TOKENS = [
    AddedToken("<cat-toy>"), AddedToken("<big>"), AddedToken("<bigger>"), AddedToken("word", single_word=True), AddedToken("left", lstrip=True), AddedToken("right", rstrip=True),
    AddedToken("MyStyle", normalized=False), AddedToken("e\u0301"), AddedToken("sks", normalized=False, lstrip=True, rstrip=True), AddedToken("<many>"), AddedToken("<many>_1"), AddedToken("<many>_2"),
    AddedToken("red</w>"),
]


class Pipeline(TextualInversionLoaderMixin):
    pass


def folder(files: dict) -> Path:
    """The vocabulary of sd1 and these files."""
    target = Path(tempfile.mkdtemp(prefix="weir-tokenizer-"))
    for name in VOCABULARY:
        shutil.copy(OUT / "checkpoints/sd1/tokenizer" / name, target / name)
    for name, content in files.items():
        (target / name).write_text(json.dumps(content))
    return target


def saved(tokens: list, extra=None) -> dict:
    """What transformers writes today: the tokens in the configuration, and for old readers in added_tokens.json."""
    source = folder({"tokenizer_config.json": {"model_max_length": 77}})
    tokenizer = CLIPTokenizer.from_pretrained(source)
    tokenizer.add_tokens(tokens)
    if extra:
        tokenizer.add_special_tokens(extra)
    target = Path(tempfile.mkdtemp(prefix="weir-tokenizer-"))
    tokenizer.save_pretrained(target)
    files = {p.name: json.loads(p.read_text()) for p in target.glob("*.json") if p.name not in VOCABULARY}
    shutil.rmtree(source)
    shutil.rmtree(target)
    return files


def kinds() -> dict:
    newer = saved(TOKENS)
    older = {"tokenizer_config.json": {"model_max_length": 77}, "special_tokens_map.json": {"pad_token": "<|endoftext|>"}}
    words = ["<cat-toy>", "<big>", "<bigger>", "word", "left", "right", "MyStyle", "<many>", "<many>_1", "<pad>"]
    ids = {"added_tokens.json": {word: 626 + i for i, word in enumerate(words)}}
    special = {"special_tokens_map.json": {
        "bos_token": {"content": "<|startoftext|>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False},
        "pad_token": "<pad>", "additional_special_tokens": ["<big>", "new"]}}
    fast = folder(newer)
    tokenizer = CLIPTokenizerFast.from_pretrained(fast)
    tokenizer.save_pretrained(fast)
    definition = json.loads((fast / "tokenizer.json").read_text())
    shutil.rmtree(fast)
    older_fast = {"tokenizer.json": definition, "tokenizer_config.json": {"model_max_length": 77}}
    return {
        "added_tokens_decoder": newer,
        "added_tokens_decoder and a pad token": saved(TOKENS, {"pad_token": "<pad>"}),
        "added_tokens.json": {**older, **ids},
        "added_tokens.json with special tokens": {**older, **ids, **special},
        "tokenizer.json": {**newer, "tokenizer.json": definition},
        "tokenizer.json alone": older_fast,
        "tokenizer.json and added_tokens.json": {**older_fast, **ids},
    }


def encode(tokenizer, text: str) -> list:
    """As StableDiffusionPipeline.encode_prompt."""
    return tokenizer(Pipeline().maybe_convert_prompt(text, tokenizer), padding="max_length", truncation=True).input_ids


def removed(tokenizer, text: str) -> str:
    ids = tokenizer(Pipeline().maybe_convert_prompt(text, tokenizer)).input_ids
    return tokenizer.decode(ids[tokenizer.model_max_length - 1:-1])


def short(ids: list) -> list:
    """Without its padding but for one."""
    end = len(ids)
    while end > 1 and ids[end - 1] == ids[end - 2]:
        end -= 1
    return ids[:end]


def main() -> None:
    cases = []
    for name, files in kinds().items():
        for kind in CLIPTokenizer, CLIPTokenizerFast:
            path = folder(files)
            tokenizer = kind.from_pretrained(path)
            shutil.rmtree(path)
            cases.append({
                "name": name, "class": kind.__name__, "files": files if kind is CLIPTokenizer else {},
                "texts": [{"text": t, "ids": short(encode(tokenizer, t)), "cut": removed(tokenizer, t)} for t in TEXTS]})
    save_cases(OUT / "tokenizers/added_tokens.json", cases)
