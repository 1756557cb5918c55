"""The tables of ftfy (Robyn Speer, Apache-2.0) as the engine's resource ftfy.json: not a fixture, made again when ftfy changes."""

import re
from importlib.metadata import version

from ftfy import badness, chardata

from fixtures import REPOSITORY, save_json

RESOURCE = REPOSITORY / "engine/src/main/resources/dev/weir/engine/ftfy/ftfy.json"
# What \s and \w match in Python's re, since Java's differ.
PYTHON_CLASSES = {r"\s": r"[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]", r"\w": r"[\p{L}\p{N}_]"}


def plain(pattern: str) -> str:
    """A verbose regular expression without its white space and comments, as Java reads it."""
    out, inside = [], False
    tokens = re.findall(r"\\.|#[^\n]*|.|\n", pattern)
    for token in tokens:
        if token.startswith("#") and not inside and len(token) > 1:
            continue
        if token in PYTHON_CLASSES:
            assert not inside
            token = PYTHON_CLASSES[token]
        elif token == "[" and not inside:
            inside = True
        elif token == "]":
            inside = False
        elif inside and token in "[&":
            token = "\\" + token
        elif not inside and token.isspace():
            continue
        out.append(token)
    assert not inside
    return "".join(out)


def encoding(name: str) -> dict:
    high = bytes(range(0x80, 0x100)).decode(name)
    assert high.encode(name) == bytes(range(0x80, 0x100)), name
    return {"name": name, "high": high}


def main() -> None:
    # The last quantifier is made possessive: nothing follows it, and Java needs no stack for it then.
    detector = plain(chardata.UTF8_DETECTOR_RE.pattern)
    assert detector.endswith(")+")
    save_json(RESOURCE, {
        "source": f"ftfy {version('ftfy')}, Copyright Robyn Speer, Apache License 2.0; written by tools/reference/ftfy_tables.py",
        "encodings": [encoding(name) for name in chardata.CHARMAP_ENCODINGS],
        "badness": plain(badness.BADNESS_RE.pattern),
        "utf8_detector": detector + "+",
        "ligatures": {chr(c): letters for c, letters in chardata.LIGATURES.items()},
        "entities": chardata.HTML_ENTITIES,
    })
