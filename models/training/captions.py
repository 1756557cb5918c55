"""What a picture may be called, and what can be said about how it is placed, coloured and combined."""

from pathlib import Path

STYLES = {
    "noto": "noto", "twemoji": "twemoji", "fluent-emoji-flat": "flat", "fluent-emoji": "glossy",
    "noto-v1": "blob", "emojione": "emojione", "fxemoji": "firefox", "flat-color-icons": "icon",
}
SET_WEIGHTS = {"noto": 0.36, "twemoji": 0.34, "fluent-emoji-flat": 0.30}  # how often each style is shown
PLAIN_SHARE = 0.65  # of the captions that name no style: such a caption may mean any
GROUNDS = {
    "red": (0.90, 0.20, 0.20), "orange": (1.0, 0.60, 0.15), "yellow": (1.0, 0.88, 0.25), "green": (0.25, 0.70, 0.30),
    "blue": (0.20, 0.45, 0.90), "purple": (0.55, 0.30, 0.75), "pink": (1.0, 0.60, 0.75), "brown": (0.50, 0.33, 0.22),
    "black": (0.05, 0.05, 0.05), "grey": (0.60, 0.60, 0.60),
}
HUES = {"red": 0.0, "orange": 0.08, "yellow": 0.15, "green": 0.33, "blue": 0.60, "purple": 0.76, "pink": 0.90}
PLAIN = ["{a}", "{n}", "{a}", "a picture of {a}", "a drawing of {a}", "{n} emoji", "{n} icon", "{a} on a white background"]
STYLED = ["{a} in {s} style", "{n}, {s} style", "{a}, {s} style", "a {s} style drawing of {a}"]
ON_GROUND = ["{a} on a {c} background", "{n} on a {c} background", "{n}, {c} background"]
SINGULAR_S = ("bus", "octopus", "cactus", "rhinoceros", "hippopotamus", "dress", "hibiscus", "moss", "s-glass")


def read_nouns(file: Path):
    """concept -> (names, weight); a starred line weighs twice as much."""
    nouns = {}
    for line in file.read_text().splitlines():
        if line and not line.startswith("#"):
            concept, names = line.lstrip("*").split(":")
            nouns[concept] = ([n.strip() for n in names.split("|")], 2.0 if line.startswith("*") else 1.0)
    return nouns


def plural(name):
    """True of what takes no article: "glasses", "french fries"."""
    return name.endswith("s") and not name.endswith(SINGULAR_S + ("ss",))


def article(name):
    return name if plural(name) else ("an " if name[0] in "aeiou" else "a ") + name


def many(name):
    """The plural of a simple noun, or None where English wants more than an ending."""
    if plural(name) or " " in name or name in ("sheep", "fish", "deer", "mouse", "goose", "bread", "milk", "cheese", "corn", "bacon"):
        return None
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


class Namer:
    """Picks a name for a picture and words a caption around it, with a random generator of its own."""

    def __init__(self, rng, names, keywords, style):
        self.rng, self.names, self.keywords, self.style = rng, names, keywords, STYLES[style]

    def name(self):
        return self.names[0] if len(self.names) == 1 or self.rng.random() < 0.6 else self.rng.choice(self.names[1:])

    def styled(self, caption):
        return caption if self.rng.random() < PLAIN_SHARE else f"{caption}, {self.style} style"

    def plain(self):
        name = self.name()
        if self.rng.random() >= PLAIN_SHARE:
            return self.rng.choice(STYLED).format(a=article(name), n=name, s=self.style)
        if self.keywords and self.rng.random() < 0.1:
            return f"{name}, {self.rng.choice(self.keywords)}"
        return self.rng.choice(PLAIN).format(a=article(name), n=name)

    def on(self, colour):
        name = self.name()
        return self.styled(self.rng.choice(ON_GROUND).format(a=article(name), n=name, c=colour))
