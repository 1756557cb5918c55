"""T5's encoder and its tokenizer: a tiny random checkpoint, the ids of many strings, and the states of some prompts. Needs sentencepiece."""

import io
import random
import shutil

import sentencepiece
import torch
from transformers import T5Config, T5EncoderModel, T5Tokenizer, T5TokenizerFast
from transformers.models.t5.modeling_t5 import T5Attention

from checkpoints import PROMPTS, randomize
from fixtures import OUT, generator, int64, save_cases, save_json, save_tensors
from token_ids import RANDOM_STRINGS, STRINGS, random_string
from tokenizers_tiny import WORDS

HOME = OUT / "t5"
LENGTH = 24
PIECES = 220

# What nmt_nfkc, the map of published models, does with some characters: source, target, as hexadecimal code points.
CHARACTERS = [
    *((f"{code:X}", f"{code - 0xFEE0:X}") for code in range(0xFF01, 0xFF5F)), *((code, "20") for code in ("9", "A", "D", "A0", "2003", "2028", "3000")),
    *((code, "") for code in ("1", "1B", "7F", "200B", "FEFF", "AD")), ("FB01", "66 69"), ("FB02", "66 6C"), ("BD", "31 2044 32"), ("B2", "32"),
    ("65 301", "E9"), ("61 30A", "E5"), ("2126", "3A9"), ("2460", "31")]


def train(folder) -> None:
    """spiece.model with the ids that T5 has, and a small map of characters."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = folder / "rules.tsv"
    rules.write_text("".join(f"{source}\t{target}\n" for source, target in CHARACTERS))
    source = random.Random(5)
    lines = [" ".join(source.choice(WORDS) for _ in range(12)) for _ in range(300)] + [word for word in WORDS] * 3
    lines += ["0123456789 !?.,;:'\"()-/ ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz é ü ö"] * 20
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=PIECES, model_type="unigram", pad_id=0, eos_id=1, unk_id=2,
        bos_id=-1, normalization_rule_tsv=str(rules), hard_vocab_limit=False, num_threads=1, minloglevel=2)
    rules.unlink()
    (folder / "spiece.model").write_bytes(model.getvalue())
    marks = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    save_json(folder / "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "model_max_length": 512, "extra_ids": 10, **marks})


def words(folder=HOME / "tokenizer") -> tuple[T5Tokenizer, T5TokenizerFast]:
    return T5Tokenizer.from_pretrained(folder, legacy=True), T5TokenizerFast.from_pretrained(folder, legacy=True, from_slow=True)


def encoder(vocabulary: int, seed: int, width: int = 24, **more) -> T5EncoderModel:
    model = randomize(T5EncoderModel(T5Config(**{
        "vocab_size": vocabulary, "d_model": width, "d_kv": 5, "d_ff": 40, "num_layers": 2, "num_heads": 4,
        "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12, "feed_forward_proj": "gated-gelu", **more})), seed)
    for block in model.encoder.block:
        attention = block.layer[0].SelfAttention
        attention.q.weight.mul_(0.5)  # scores are not scaled
    return model


def states(model, tokenizer) -> dict:
    """As Flux and SD 3 encode (padding is seen), as DeepFloyd IF does (it is not), and each prompt alone."""
    tensors = {}
    for number, prompt in enumerate(PROMPTS):
        read = tokenizer(prompt, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt")
        tensors[f"text/{number}/ids"] = read.input_ids
        tensors[f"text/{number}/own"] = int64([int(read.attention_mask.sum())])
        tensors[f"text/{number}/seen"] = model(read.input_ids)[0]
        tensors[f"text/{number}/masked"] = model(read.input_ids, attention_mask=read.attention_mask)[0]
    return tensors


def main() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    train(HOME / "tokenizer")
    slow, fast = words()
    fast.backend_tokenizer.save(str(HOME / "tokenizer/tokenizer.json"))
    source = random.Random(11)
    strings = STRINGS + [random_string(source) for _ in range(RANDOM_STRINGS)]
    save_cases(HOME / "token_ids.json", [
        {"text": text, "slow": slow(text).input_ids, "fast": fast(text).input_ids} for text in strings])
    for name, model in (("gated", encoder(len(fast), 601)), ("relu", encoder(len(fast), 602, feed_forward_proj="relu"))):
        model.half().save_pretrained(HOME / name)
        model = model.float()
        save_tensors(HOME / name / "io.safetensors", states(model, fast))
    save_json(HOME / "prompts.json", PROMPTS)
    # Of published models, from distance -700 to 700.
    buckets = T5Attention._relative_position_bucket(torch.arange(-700, 701), bidirectional=True, num_buckets=32, max_distance=128)
    save_cases(HOME / "buckets.json", [buckets.tolist()])


if __name__ == "__main__":
    main()
