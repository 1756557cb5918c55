"""Scores a model without anyone's weights: a small contrastive net learns pictures <-> MiniLM sentence embeddings.

It is trained on real pictures, one in five of them held out. Reported: how often a generated picture's noun is first,
and among the first five, of 200 nouns; the same for held-out real pictures; chance; and the share of grounds whose
colour is the one asked for.
"""

import argparse
import json
import random
import zlib
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from captions import GROUNDS, article, read_nouns
from pictures import WHITE, Pictures, over
from sampling import Sampler
from views import text_states

HERE = Path(__file__).parent
SIZE = 64


class PictureEncoder(nn.Sequential):
    """[n, 3, 64, 64] -> unit vectors [n, 384]."""

    def __init__(self):
        def stage(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, stride=2, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                                 nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())
        super().__init__(stage(3, 32), stage(32, 64), stage(64, 128), stage(128, 256), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                         nn.Linear(1024, 384))

    def forward(self, x):
        return F.normalize(super().forward(x), dim=-1)


def sentence_embeddings(folder, texts):
    states, lengths = text_states(folder, texts)
    return F.normalize(states.float().sum(1) / lengths[:, None], dim=-1)  # padding is zero: a plain mean


def is_held_out(m):
    return zlib.crc32(f"{m['set']}/{m['concept']}".encode()) % 5 == 0


def augment(rgb, rng):
    """Shift, scale, ground and brightness, a draw for each picture."""
    n = len(rgb)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 0.9 + 0.35 * torch.rand(n, generator=rng)
    theta[:, :, 2] = 0.2 * (torch.rand(n, 2, generator=rng) - 0.5)
    rgba = F.grid_sample(rgb, F.affine_grid(theta, rgb.shape, align_corners=False), align_corners=False)
    ground = torch.where(torch.rand(n, 1, generator=rng) < 0.6, torch.ones(n, 3), torch.rand(n, 3, generator=rng))
    out = (rgba[:, :3] + (1 - rgba[:, 3:]) * ground[:, :, None, None]) * 2 - 1
    blurred = F.interpolate(F.avg_pool2d(out, 2), SIZE, mode="bilinear")  # generated pictures are softer than real ones
    return torch.where(torch.rand(n, 1, 1, 1, generator=rng) < 0.3, blurred, out) * (0.85 + 0.3 * torch.rand(n, 1, 1, 1, generator=rng))


def train(work, folder, nouns, epochs, file):
    pictures = Pictures(work)
    rows = [i for i, m in enumerate(pictures.manifest) if m["concept"] in nouns and not is_held_out(m)]
    names = [nouns[pictures.manifest[i]["concept"]][0][0] for i in rows]
    unique = sorted(set(names))
    embeddings = sentence_embeddings(folder, unique)
    target = torch.tensor([unique.index(n) for n in names])
    layers = torch.stack([(pictures.layer(i, SIZE) * 255).byte() for i in rows])
    rng = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    net, scale = PictureEncoder(), nn.Parameter(torch.tensor(3.0))
    optimizer = torch.optim.AdamW([*net.parameters(), scale], lr=2e-3, weight_decay=0.05)
    steps = epochs * (len(rows) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    for step in range(steps):
        part = torch.randint(len(rows), (128,), generator=rng)
        logits = net(augment(layers[part].float() / 255, rng)) @ embeddings.T * scale.exp()
        loss = F.cross_entropy(logits, target[part])  # against every name at once, not only the batch's
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"scorer step {step + 1}/{steps} loss {loss.item():.3f}", flush=True)
    torch.save(net.state_dict(), file)


@torch.no_grad()
def ranks(net, rgb, right, embeddings):
    scores = torch.cat([net(F.avg_pool2d(part, part.shape[-1] // SIZE)) for part in rgb.split(64)]) @ embeddings.T
    return (scores > scores.gather(1, right[:, None])).sum(1)


def report(rank):
    return {"pictures": len(rank), "first": round((rank == 0).float().mean().item(), 3), "first_5": round((rank < 5).float().mean().item(), 3)}


def nearest_ground(rgb):
    """The name of the ground colour (white among them) nearest to the median of a picture's border."""
    border = torch.cat([rgb[:, :4].flatten(1), rgb[:, -4:].flatten(1), rgb[:, :, :4].flatten(1), rgb[:, :, -4:].flatten(1)], 1)
    colour = (border.median(1).values + 1) / 2
    grounds = {**GROUNDS, "white": WHITE}
    return min(grounds, key=lambda name: (torch.tensor(grounds[name]) - colour).square().sum().item())


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, default=HERE / "work")
    p.add_argument("--model", type=Path, default=HERE.parent / "default")
    p.add_argument("--unet", type=Path, help="another base denoiser's folder, such as a few-step student's")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--seeds", type=int, default=1, help="pictures a noun")
    p.add_argument("--epochs", type=int, default=16)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--train-only", action="store_true", help="stop when the scorer is trained")
    a = p.parse_args()
    nouns = read_nouns(HERE / "nouns.txt")
    file = a.work / "scorer.pt"
    if not file.exists():
        train(a.work, a.model, nouns, a.epochs, file)
    if a.train_only:
        return
    net = PictureEncoder().eval()
    net.load_state_dict(torch.load(file, weights_only=True))

    listed = random.Random(0).sample(sorted(nouns), 200)
    names = [nouns[c][0][0] for c in listed]
    embeddings = sentence_embeddings(a.model, names)
    pictures = Pictures(a.work)
    real = [i for i, m in enumerate(pictures.manifest) if m["concept"] in listed and is_held_out(m) and m["set"] in ("noto", "twemoji", "fluent-emoji-flat")]
    rgb = torch.stack([over(pictures.layer(i, SIZE), WHITE) for i in real])
    right = torch.tensor([listed.index(pictures.manifest[i]["concept"]) for i in real])
    result = {"real": report(ranks(net, rgb, right, embeddings)), "chance": {"first": 1 / 200, "first_5": 5 / 200}}

    sampler = Sampler(a.model, unet=a.unet)
    drawn = [i for i in range(100) for _ in range(a.seeds)]  # the first hundred of the random two hundred
    generated = sampler.pictures(sampler.latents([article(names[i]) for i in drawn], list(range(len(drawn))), steps=a.steps, guidance=a.guidance))
    result["generated"] = report(ranks(net, generated, torch.tensor(drawn), embeddings))

    asked = [(article(names[i]), colour) for i, colour in zip(range(100, 150), list(GROUNDS) * 5)]
    grounds = sampler.pictures(sampler.latents([f"{n} on a {c} background" for n, c in asked], list(range(50)), steps=a.steps, guidance=a.guidance))
    result["grounds_right"] = sum(nearest_ground(x) == c for x, (_, c) in zip(grounds, asked)) / len(asked)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
