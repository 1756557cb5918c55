"""Tokenizers of the real kinds with vocabularies of a few hundred entries."""

import json
from collections import Counter
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizerFast, CLIPTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from fixtures import save_json

CLASSES = {"CLIPTextModel": "CLIPTokenizer", "BertModel": "BertTokenizer"}
WORDS = """a red apple an astronaut riding the horse photo of two cats eyes highly detailed trending quick brown fox
jumps over lazy dog blue house on a green hill in the rain café naïve cool art painting picture light""".split()
MERGES = 120
BERT_LENGTH = 24


def learned_merges() -> list:
    """Byte pair merges of WORDS, the most frequent pair first, ties in alphabetical order."""
    byte_symbols = bytes_to_unicode()
    words = Counter(
        tuple(s[:-1] + [s[-1] + "</w>"]) for s in ([byte_symbols[b] for b in w.encode()] for w in WORDS))
    merges = []
    while len(merges) < MERGES:
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = Counter()
        for word, count in words.items():
            symbols, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    symbols.append("".join(best))
                    i += 2
                else:
                    symbols.append(word[i])
                    i += 1
            merged[tuple(symbols)] += count
        words = merged
    return merges


def write_clip(folder: Path, pad: str) -> CLIPTokenizerFast:
    """vocab.json and merges.txt in CLIP's order: bytes, bytes that end a word, merges, the two marks."""
    folder.mkdir(parents=True)
    merges = learned_merges()
    symbols = list(bytes_to_unicode().values())
    vocabulary = symbols + [s + "</w>" for s in symbols] + ["".join(m) for m in merges]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": pad}
    save_json(folder / "special_tokens_map.json", marks)
    save_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, "errors": "replace", **marks})
    return CLIPTokenizerFast.from_pretrained(folder)


def write_bert(folder: Path) -> BertTokenizerFast:
    """tokenizer.json of a WordPiece vocabulary, and the configuration that the starter model has."""
    folder.mkdir(parents=True)
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    pieces = ["##" + c for c in letters if c.isalnum()] + ["##ing", "##s", "##ed", "##le", "##naut", "##tail"]
    words = list(dict.fromkeys(w for w in WORDS if w.isascii() and len(w) > 1))
    vocabulary = list(dict.fromkeys(marks + letters + pieces + words + ["cafe", "astro", "日"]))
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(marks)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(m, vocabulary.index(m)) for m in ("[CLS]", "[SEP]")])
    tokenizer.save(str(folder / "tokenizer.json"))
    save_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": BERT_LENGTH, "cls_token": "[CLS]",
        "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"})
    return BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=BERT_LENGTH)


def encode(tokenizer, prompt: str) -> list:
    """CLIP fills up to its length, as Stable Diffusion wants it; BERT stays as short as the prompt. Both cut."""
    if isinstance(tokenizer, CLIPTokenizerFast):
        return tokenizer(prompt, padding="max_length", truncation=True).input_ids
    return tokenizer(prompt, truncation=True).input_ids
