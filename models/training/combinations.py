"""Writes combinations.txt: 200 prompts of known words in combinations that the training data must not contain.

views.py leaves out every view whose caption says one of them, so they stay unseen however often the data is made again.
"""

import random
from pathlib import Path

from captions import GROUNDS, HUES, article, many, read_nouns

HERE = Path(__file__).parent
FILE = HERE / "combinations.txt"


def held():
    """What is kept out of the training, as bare captions without a style; both orders of a pair."""
    prompts = set(FILE.read_text().splitlines())
    for prompt in list(prompts):
        for word in (" and ", " to the left of "):
            if word in prompt:
                left, right = prompt.split(word)
                prompts |= {f"{a} {b} {c}" for a, c in ((left, right), (right, left)) for b in ("and", "next to", "to the left of", "to the right of")}
    return prompts


def main():
    rng = random.Random(3)
    names = [names[0] for names, weight in read_nouns(HERE / "nouns.txt").values() if weight > 1]
    countable = [n for n in names if many(n)]

    def two():
        return [article(n) for n in rng.sample(names, 2)]

    kinds = [
        (60, lambda: " and ".join(two())),
        (30, lambda: " to the left of ".join(two())),
        (30, lambda: f"{rng.choice(['two', 'three', 'four'])} {many(rng.choice(countable))}"),
        (50, lambda: f"{article(rng.choice(names))} on a {rng.choice(list(GROUNDS))} background"),
        (30, lambda: article(f"{rng.choice(list(HUES))} {rng.choice([n for n in names if ' ' not in n])}")),
    ]
    prompts = {}
    for count, make in kinds:
        goal = len(prompts) + count
        while len(prompts) < goal:
            prompts.setdefault(make())
    FILE.write_text("\n".join(prompts) + "\n")


if __name__ == "__main__":
    main()
