"""Writes combinations.txt: 200 prompts of known words in combinations that the training data must not contain.

views.py leaves out every view that shows one of them, whatever its caption would call it, so they stay unseen however
often the data is made again. (34 of the first list had been taught in other words and were drawn again.)
"""

import argparse
import random
from pathlib import Path

from captions import GROUNDS, HUES, article, many, read_nouns

HERE = Path(__file__).parent
FILE = HERE / "combinations.txt"
COUNTS = ("two", "three", "four")
TOGETHER = {" and ": "pair", " to the left of ": "left of"}


def starred():
    return [names[0] for names, weight in read_nouns(HERE / "nouns.txt").values() if weight > 1]


def read(prompt, names):
    """(kind, names of the things, what else it says: the count, the ground or the colour) of a prompt of the list."""
    bare = {article(n): n for n in names} | {many(n): n for n in names if many(n)}
    for word, kind in TOGETHER.items():
        if word in prompt and prompt not in bare:
            return kind, [bare[part] for part in prompt.split(word)], None
    if prompt.endswith(" background"):
        thing, ground = prompt.removesuffix(" background").rsplit(" on a ", 1)
        return "ground", [bare[thing]], ground
    first, rest = prompt.split(" ", 1)
    if first in COUNTS:
        return "count", [bare[rest]], first
    colour, name = (first, rest) if first in HUES else rest.split(" ", 1)
    return "colour", [name], colour


def shown(kind, things, aspect):
    """What a view of the combination shows, by the things' first names: a pair is one whichever thing stands left."""
    return ("pair" if kind == "left of" else kind), frozenset(things), aspect


def held():
    names = starred()
    return {shown(*read(prompt, names)) for prompt in FILE.read_text().splitlines()}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seed", type=int, default=3)
    rng, names = random.Random(p.parse_args().seed), starred()
    known = {name for every, _ in read_nouns(HERE / "nouns.txt").values() for name in every}
    countable = [n for n in names if many(n)]
    hues = [(hue, n) for hue in HUES for n in names if " " not in n and f"{hue} {n}" not in known]

    def two():
        return [article(n) for n in rng.sample(names, 2)]

    kinds = [
        (60, lambda: " and ".join(two())),
        (30, lambda: " to the left of ".join(two())),
        (30, lambda: f"{rng.choice(COUNTS)} {many(rng.choice(countable))}"),
        (50, lambda: f"{article(rng.choice(names))} on a {rng.choice(list(GROUNDS))} background"),
        (30, lambda: article(" ".join(rng.choice(hues)))),
    ]
    prompts = {}
    for count, make in kinds:
        goal = len(prompts) + count
        while len(prompts) < goal:
            prompts.setdefault(make())
    FILE.write_text("\n".join(prompts) + "\n")


if __name__ == "__main__":
    main()
