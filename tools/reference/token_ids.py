"""Token ids of many strings by the tokenizers of the tiny checkpoints: what people type, and what they should not."""

import random

from transformers import BertTokenizerFast, CLIPTokenizer, CLIPTokenizerFast

from fixtures import OUT, save_cases

CHECKPOINTS = {"sd1": CLIPTokenizerFast, "sd2": CLIPTokenizerFast, "default": BertTokenizerFast}
SLOW = ["sd1", "sd2"]
RANDOM_STRINGS = 120

STRINGS = [
    "a red apple", "", " ", "  a   red\t\napple  ", "A RED Apple", "don't can't it's I'm they'll we've you'd DON'T 'S",
    "Café naïve ÜBER São façade", "cafe\u0301 e\u0301\u0323 a\u030a", "日本語の文 中文字符 한국어", "豈 \U00020000\U0002a700 rare",
    "🍎🍏 👩\u200d🚀 👍🏽 🇩🇪 ❤\ufe0f", "!!! ... ??? #$%&*()", "3.14 1999 2k 4K 1,000,000", "½ ² Ⅷ ٣ १",
    "a<|endoftext|>b", "<|startoftext|>", "<|ENDOFTEXT|>", "hello! world!!", "[CLS] a [SEP] [MASK]", "ΑΣΣΟΣ σας ΟΔΟΣ",
    "İstanbul ıI", "straße STRASSE ẞ", "zero\u200bwidth\u200d\ufeff", "non\u00a0break\u2003em\u2028line\u3000wide",
    "tab\tnew\nline\r\n", "a\u0000b\u0001c\x7fd\u009fe", "\ufffd \ue000private", "“quotes” ‘single’ it’s", "a_b-c/d\\e", "ﬁ ﬂ ①②",
    "नमस्ते ไทย العربية עברית", "supercalifragilisticexpialidocious" * 5, "word " * 200, "x" * 300, "日" * 100, "🎨" * 60,
]
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJ", "0123456789", "    ", "'’!?.,;:-_()<>|@#", "éèêüöñçåøæœÉÈ", "日本語中文字", "かなカナ한글",
    "🍎👩🚀👍🏽\u200d\ufe0f❤", "\t\n\r\u00a0\u2003\u3000\u2028\x85", "αβγς", "абвЖЙё", "\u0301\u0308\u0327", "ٱلعربية",
    "\x00\x01\x1b\x7f\u200b\u202e\ufeff\ufffd",
]
PIECES = ["'s", "'t", "'re", "<|endoftext|>", "<|startoftext|>", "[SEP]", "the", "photo", "of", "!"]


def random_string(source: random.Random) -> str:
    alphabets = source.sample(ALPHABETS, source.randint(1, 5)) + ALPHABETS[:1]
    return "".join(
        source.choice(PIECES) if source.random() < 0.08 else source.choice(source.choice(alphabets))
        for _ in range(source.randint(1, 60)))


# For the slow tokenizer, which cleans them: with ftfy, which must be installed.
UNCLEAN = [
    "“a red apple” – it’s ‘blue’", "cats &amp; dogs &lt;3", "a < b &amp; c", "ＦＵＬＬ　ｗｉｄｔｈ！", "ﬁne ﬂuﬀy oﬃce Ĳ", "voilÃ  le cafÃ© â€œnoirâ€\x9d", "\ufeffa cat", "ΟΔΟΣ ΑΣ'Α Σ",
    "İstanbul ıI DİYARBAKIR", "it'ſ 'Sun DON'T", "\x1b[31mred\x1b[0m apple", "a\x00b\x01c\x7fd", "\ud83d a \ude00", "👩\u200d🚀 ❤\ufe0f \u200f\u202ertl", "line\u2028one\r\ntwo", "e\u0301 \u212b",
    "<|ENDOFTEXT|> !!<|ENDOFTEXT|> a<|StartOfText|>b", "a&lt;|endoftext|&gt;b", "＜|endoftext|＞", "豈 \U0002f800", "wow!hello !! a!", "don\x92t \x93x\x94", "日本語 and 中文",
    "“red apple” &amp; " * 40, "a red apple, " + "highly detailed, Trending on ArtStation, " * 12, "ＷＯＲＤ " * 90,
]


def removed(tokenizer, text: str) -> str:
    """What StableDiffusionPipeline says was truncated."""
    ids = tokenizer(text).input_ids
    return tokenizer.decode(ids[tokenizer.model_max_length - 1:-1])


def main() -> None:
    tokenizers = {
        name: kind.from_pretrained(OUT / "checkpoints" / name / "tokenizer") for name, kind in CHECKPOINTS.items()}
    source = random.Random(7)
    strings = STRINGS + [random_string(source) for _ in range(RANDOM_STRINGS)]
    save_cases(OUT / "tokenizers/token_ids.json", [
        {"text": text, **{name: tokenizer(text, truncation=True).input_ids for name, tokenizer in tokenizers.items()}}
        for text in strings])
    slow = {name: CLIPTokenizer.from_pretrained(OUT / "checkpoints" / name / "tokenizer") for name in SLOW}
    assert all(tokenizer.fix_text for tokenizer in slow.values())
    cases = []
    for text in STRINGS + UNCLEAN + [random_string(source) for _ in range(RANDOM_STRINGS)]:
        case = {"text": text, **{name: tokenizer(text, truncation=True).input_ids for name, tokenizer in slow.items()}}
        # Fast tokenizers take no lone surrogates.
        cut = {"sd1": removed(slow["sd1"], text), "default": removed(tokenizers["default"], text.encode(errors="ignore").decode())}
        cases.append({**case, "cut": {name: part for name, part in cut.items() if part}})
    save_cases(OUT / "tokenizers/slow_token_ids.json", cases)
