"""Encodes everything the denoisers train on: views of the pictures as latents, their captions as text states.

WORK/views.pt: latents [n, 4, 16, 16] fp16, weights [n], captions (a list of text indices a view), texts,
states [m, tokens, 384] fp16 (zero-padded), lengths [m].
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from PIL import Image
from transformers import AutoTokenizer, BertModel

from captions import GROUNDS, HUES, SET_WEIGHTS, Namer, article, many, read_nouns
from combinations import held, shown
from pictures import WHITE, Pictures, over
from speed import autocast

HERE = Path(__file__).parent
PLAIN, GROUND, COMPOSED = 0.56, 0.14, 0.30  # shares of the training samples
AS_IT_IS = 0.3  # share of the plain samples that show the picture unmoved
HANDED = {  # show writing, or would show something else in a mirror
    "alarm-clock", "calendar", "globe-showing-europe-africa", "magnifying-glass-tilted-left", "mantelpiece-clock", "musical-note",
    "newspaper", "police-car", "stop-sign", "taxi", "watch",
}
TINT = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])  # RGB to YIQ


def paste(*placed):
    """Layers at (x, y) on a transparent 128 x 128 layer; later ones lie over earlier ones."""
    canvas = torch.zeros(4, 128, 128)
    for layer, x, y in placed:
        size = layer.shape[-1]
        box = canvas[:, y : y + size, x : x + size]
        box.copy_(layer + (1 - layer[3:]) * box)
    return canvas


def facing(rng, pictures, index, size):
    """A picture that looks to either side, which no caption tells."""
    layer = pictures.layer(index, size)
    return layer.flip(-1) if rng.random() < 0.5 and pictures.manifest[index]["concept"] not in HANDED else layer


def moved(rng, layer):
    """A layer of 256 x 256 as one of 128 x 128: a little smaller and shifted, one in three turned."""
    angle = rng.uniform(-10, 10) * torch.pi / 180 if rng.random() < 1 / 3 else 0
    size = rng.uniform(0.8, 0.92 if angle else 1)
    x, y = (rng.uniform(-1, 1) * (1 - size) for _ in range(2))
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    theta = torch.tensor([[[cos, -sin, 0], [sin, cos, 0]]], dtype=torch.float32)
    theta[0, :, 2] = -theta[0, :, :2] @ torch.tensor([x, y])
    turned = F.grid_sample(layer[None], F.affine_grid(theta, (1, *layer.shape), align_corners=False), align_corners=False)
    return F.avg_pool2d(turned, 2)[0]


def tinted(rng, layer):
    """The layer with its hues turned by up to 12 degrees and a little lighter or darker: the same thing under another lamp."""
    angle, light = rng.uniform(-12, 12) * torch.pi / 180, rng.uniform(0.9, 1.08)
    turn = torch.tensor([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]], dtype=torch.float32)
    rgb = torch.einsum("ij,jyx->iyx", torch.linalg.inv(TINT) @ turn @ TINT * light, layer[:3])
    return torch.cat([rgb.clamp(min=0).minimum(layer[3:]), layer[3:]])


def unlike(rng, pictures, index, namer):
    """A view of the picture that its caption does not tell from others: another side, place, size or light."""
    layer = moved(rng, facing(rng, pictures, index, 256))
    coloured = any(word in (*GROUNDS, *HUES) for name in namer.names for word in name.split())
    return layer if coloured else tinted(rng, layer)


def recoloured(layer, hue):
    """The layer with its dominant hue turned to `hue`, or None where it has no clear one."""
    alpha = layer[3:].clamp(min=1e-3)
    rgb = (layer[:3] / alpha).clamp(0, 1).mul(255).byte().permute(1, 2, 0).numpy()
    hsv = np.array(Image.fromarray(rgb).convert("HSV"))
    strength = (hsv[..., 1] / 255.0) * (hsv[..., 2] / 255.0) * layer[3].numpy()
    histogram = np.bincount(hsv[..., 0].ravel() // 8, strength.ravel(), 32)
    if histogram.max() < 0.35 * histogram.sum() or histogram.sum() < 0.05 * strength.size:
        return None
    hsv[..., 0] = (hsv[..., 0].astype(int) + round(hue * 255) - histogram.argmax() * 8 - 4) % 256
    turned = torch.from_numpy(np.array(Image.fromarray(hsv, "HSV").convert("RGB"))).permute(2, 0, 1).float() / 255
    return torch.cat([turned * layer[3:], layer[3:]])


def composed(rng, pictures, index, namer, partners):
    """One view that teaches a word about placing, counting, colouring or combining: (layer, captions, what it shows)."""
    kind = rng.choice(["pair"] * 12 + ["many"] * 4 + ["colour"] * 4 + ["side", "side", "small"])
    name, half = namer.name(), facing(rng, pictures, index, 64)
    if kind == "colour":
        colour = rng.choice(list(HUES))
        turned = recoloured(pictures.layer(index, 128), HUES[colour])
        if turned is not None:
            return turned, [namer.styled(article(f"{colour} {name}")), f"{colour} {name}"], shown("colour", [namer.names[0]], colour)
    if kind == "many" and many(name):
        places = {"two": [(0, 32), (64, 32)], "three": [(32, 0), (0, 64), (64, 64)], "four": [(0, 0), (64, 0), (0, 64), (64, 64)]}
        count = rng.choice(list(places))
        captions = [namer.styled(f"{count} {many(name)}"), f"{count} {many(name)}"]
        return paste(*[(half, x, y) for x, y in places[count]]), captions, shown("count", [namer.names[0]], count)
    if kind == "pair":
        other, other_namer = rng.choice(partners)
        right = other_namer.name()
        layer = paste((half, 0, 32), (facing(rng, pictures, other, 64), 64, 32))
        pair = f"{article(name)} and {article(right)}"
        captions = [namer.styled(pair), pair, f"{article(name)} next to {article(right)}",
                    f"{article(name)} to the left of {article(right)}", f"{article(right)} to the right of {article(name)}"]
        return layer, captions, shown("pair", [namer.names[0], other_namer.names[0]], None)
    if kind == "side":
        word, x, y = rng.choice([("on the left", 0, 32), ("on the right", 64, 32), ("at the top", 32, 0), ("at the bottom", 32, 64)])
        return paste((half, x, y)), [namer.styled(f"{article(name)} {word}"), f"{name} {word}"], None
    return paste((half, 32, 32)), [namer.styled(article(f"small {name}")), f"small {name}"], None


def plan(pictures, nouns, seed, views, combined):
    """Yields (rgb, weight, captions) for every view."""
    rng = random.Random(seed)
    unseen, chosen, shares = held(), [], {}
    for i in pictures.of(SET_WEIGHTS):
        m = pictures.manifest[i]
        names, weight = nouns.get(m["concept"], (None, 0))
        if weight > 1 or weight == 1 and m["set"] == "noto":  # nouns without a star keep to one style: more views of fewer pictures
            chosen.append((i, Namer(rng, names, m["keywords"], m["set"]), weight))
            shares[m["concept"]] = shares.get(m["concept"], 0) + SET_WEIGHTS[m["set"]]
    for i, namer, noun_weight in chosen:
        m = pictures.manifest[i]
        share = SET_WEIGHTS[m["set"]] / shares[m["concept"]]  # of the noun's samples: a noun of fewer styles is not shown less
        weight = noun_weight * share
        yield over(pictures.layer(i, 128), WHITE), weight * PLAIN * AS_IT_IS, [namer.plain() for _ in range(12)]
        for _ in range(views):
            view = over(unlike(rng, pictures, i, namer), WHITE)
            yield view, weight * PLAIN * (1 - AS_IT_IS) / views, [namer.plain() for _ in range(6)]
        grounds = [c for c in GROUNDS if shown("ground", [namer.names[0]], c) not in unseen]
        grounds = rng.sample(grounds, max(2, round(6 * share)))
        for colour in grounds:
            yield over(facing(rng, pictures, i, 128), GROUNDS[colour]), weight * GROUND / len(grounds), [namer.on(colour) for _ in range(4)]
        partners = [(j, n) for j, n, w in chosen if n.style == namer.style and j != i and w >= noun_weight]
        count = max(2, round(share * (combined if noun_weight > 1 else 6)))
        for _ in range(count):
            view, captions, what = composed(rng, pictures, i, namer, partners)
            if what not in unseen:
                yield over(view, WHITE), weight * COMPOSED / count, captions


@torch.no_grad()
def text_states(folder, texts):
    """Last hidden states of all tokens with [CLS] and [SEP], zero-padded: [n, tokens, 384] fp16, and lengths [n]."""
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    encoder = BertModel.from_pretrained(folder / "text_encoder", torch_dtype=torch.float32, add_pooling_layer=False).eval()
    ids = [tokenizer(t)["input_ids"] for t in texts]
    lengths = torch.tensor([len(i) for i in ids])
    states = torch.zeros(len(texts), int(lengths.max()), 384, dtype=torch.float16)
    for length in lengths.unique():  # one length a batch: no padding, no mask
        rows = (lengths == length).nonzero().flatten()
        for part in rows.split(128):
            out = encoder(torch.tensor([ids[r] for r in part])).last_hidden_state
            states[part, :length] = out.half()
    return states, lengths


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--text", type=Path, required=True, help="a model folder with text_encoder/ and tokenizer/")
    p.add_argument("--nouns", type=Path, default=HERE / "nouns.txt")
    p.add_argument("--starred", action="store_true", help="only the starred nouns: a first course where samples are few")
    p.add_argument("--views", type=int, default=5, help="of a picture, mirrored, shifted, turned, tinted: what no caption tells")
    p.add_argument("--combined", type=int, default=80, help="pairs, counts, colours and sides of each starred noun")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    vae = AutoencoderKL.from_pretrained(a.work / "vae", torch_dtype=torch.float32).eval()
    pictures = Pictures(a.work)
    latents, weights, captions, texts, batch = [], [], [], {"": 0}, []

    @torch.no_grad()
    def encode():
        with autocast("cpu"):
            latents.append(vae.encode(torch.stack(batch)).latent_dist.mean.half())
        batch.clear()

    nouns = read_nouns(a.nouns)
    if a.starred:
        nouns = {concept: noun for concept, noun in nouns.items() if noun[1] > 1}
    for rgb, weight, lines in plan(pictures, nouns, a.seed, a.views, a.combined):
        batch.append(rgb)
        weights.append(weight)
        captions.append([texts.setdefault(line, len(texts)) for line in lines])
        if len(batch) == 16:
            encode()
    if batch:
        encode()
    states, lengths = text_states(a.text, list(texts))
    torch.save({"latents": torch.cat(latents), "weights": torch.tensor(weights), "captions": captions,
                "texts": list(texts), "states": states, "lengths": lengths}, a.work / "views.pt")
    print(f"{len(weights)} views, {len(texts)} captions of at most {states.shape[1]} tokens")


if __name__ == "__main__":
    main()
