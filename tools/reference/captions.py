"""Prompts as DeepFloyd IF and PixArt clean them (`clean_caption`), with diffusers' own function, Beautiful Soup and ftfy.

`null` is for prompts in which Beautiful Soup or `html.unescape` would read a tag or an entity: Weir refuses them.
"""

import random
import re
import types

from bs4 import BeautifulSoup
from diffusers.pipelines.deepfloyd_if import pipeline_if

import token_ids
from fixtures import OUT, save_cases

STRINGS = [
    "A photo of a kangaroo wearing an orange hoodie and blue sunglasses, standing in front of the Eiffel tower holding a sign that says 'very deep learning'",
    "a small hut by a lake, highly detailed, 8k, trending on artstation", "Portrait of a woman; oil on canvas (1890)", "\"a quoted caption\"", "'single'",
    "a cat & a dog", "50% wool, 50%25 off, caf%C3%A9, 100%", "a+b = c", "black-and-white state-of-the-art photo", "this_is_my_cute_cat", "well-known face",
    "red,green,blue", "f/1.4, 35mm, iso100", "1920x1080 wallpaper", "see https://example.com/page?id=1 for more", "visit www.example.org/now!", "mail me@example.com",
    "IMG_2034.jpg", "a photo.png of a cat", "order #1234567 or #12", "call 5551234567", "server at 192.168.0.1", "free shipping worldwide", "download free image",
    "click here for details", "page 12 of a book", "sku jc6640vc and 6640vc231 and jc6640", "at 10:30 ", "SALE!!! ***50% OFF***", "\"\"\"AUSVERKAUFT\"\"\"", "a ... b . c",
    "a red apple,", "- a list item", "a dash at the end -", ".hidden", "...", "i <3 cats", "a < b > c", "<person> on a bench", "a <b>bold</b> apple", "cats &amp; dogs",
    "&#39;quoted&#39;", "ＡＴ＆Ｔ ＆amp", "x² + y²", "ﬁne ﬂowers", "voilÃ  le cafÃ©", "№5 perfume", "a : b", "colon: yes", "ratio 16:9", "\\n escaped", "line\nbreak\ttab", "%", "+", "&", "<", "# #", "@",
]
FRAGMENTS = STRINGS + [
    "%C3", "%zz", "%2", "%F0%9F%8D%8E", "%ED%A0%80", "中文", "㈱", "〜", "—", "«y»", "¨", "½ cup", "٣٣٣٣٣٣٣", "é", "\u0301", "_", "-", "'", "\"", ",", ".", ":", "v2.0", "U.S.A.", "hello,world", "a/b",
    "j2d1a2a", "800×600", "5х7", "\u00a0", "\u2028", "\x1c", "ΑΣ", "İ", "ǅ", "😀", "\\", "|", "~", "§", "[x]", "{y}", "¿que?", "‿", "ª1", "Ⅷ2x", "http:/", "https:%", "www:x",
]
MARKUP = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#]")


class Markup(Exception):
    pass


def known(read):
    def checked(text, **more):
        if MARKUP.search(text):
            raise Markup(text)
        return read(text, **more)
    return checked


class Cleaner:
    bad_punct_regex, _clean_caption, _text_preprocessing = (
        pipeline_if.IFPipeline.bad_punct_regex, pipeline_if.IFPipeline._clean_caption, pipeline_if.IFPipeline._text_preprocessing)


def cleaned(text: str):
    try:
        return Cleaner()._text_preprocessing(text, clean_caption=True)[0]
    except Markup:
        return None


def main() -> None:
    pipeline_if.BeautifulSoup = known(BeautifulSoup)
    pipeline_if.html = types.SimpleNamespace(unescape=known(pipeline_if.html.unescape))
    source = random.Random(13)
    unclean = [text for text in token_ids.UNCLEAN if text == text.encode(errors="ignore").decode()]  # Beautiful Soup takes no lone surrogates
    texts = STRINGS + token_ids.STRINGS + unclean + [token_ids.random_string(source) for _ in range(40)]
    for _ in range(150):
        texts.append("".join(source.choice(FRAGMENTS) + source.choice([" ", " ", "", ", "]) for _ in range(source.randint(1, 6))))
    save_cases(OUT / "tokenizers/captions.json", [{"text": text, "cleaned": cleaned(text)} for text in texts])


if __name__ == "__main__":
    main()
