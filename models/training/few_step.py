"""Trains a student of the base denoiser that needs few steps and no guidance: each step lands where the teacher's way leads.

A sample is one step of a student's timestep grid. Its input is the teacher's state there or, for a share of the samples that
grows during the training, the student's own; its target is the v with which one step of DDIM arrives at the teacher's next
state. So the student also learns to come back from its own errors. Goes on with new shards while few_step_data.py draws them.
"""

import argparse
import json
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from diffusers import UNet2DConditionModel

from checkpoint import Ema, load, save
from speed import autocast, hasten
from train_unet import alphas_sigmas

HERE = Path(__file__).parent
FIRST, LAST = 0.5, 1.5  # weights of the steps: the first one's error is the largest, and the later ones come back from it


class Grid:
    """The student's timesteps (trailing spacing, as the model's scheduler has it) and one step of DDIM between them."""

    def __init__(self, steps):
        alphas, sigmas = alphas_sigmas()
        self.times = [round(1000 * (steps - k) / steps) - 1 for k in range(steps)]
        self.alphas = [*alphas[self.times].tolist(), 1.0]
        self.sigmas = [*sigmas[self.times].tolist(), 0.0]

    def turn(self, k):
        """Cosine and sine of the angle between state k and the next: DDIM is a turn in the plane of state and v."""
        (a, b), (s, r) = self.alphas[k : k + 2], self.sigmas[k : k + 2]
        return a * b + s * r, s * b - a * r

    def step(self, k, x, v):
        cos, sin = self.turn(k)
        return cos * x - sin * v

    def target(self, k, x, after):
        cos, sin = self.turn(k)
        return (cos * x - after) / sin


class Trajectories:
    """The shards that exist, read again with `refresh`."""

    def __init__(self, folder):
        self.folder, self.files, self.shards = folder, set(), []

    def refresh(self):
        for file in sorted(self.folder.glob("*.pt")):
            if file not in self.files:
                self.files.add(file)
                self.shards.append(torch.load(file, weights_only=True))

    def batch(self, rng, size):
        """Rows of any shard, in random order: latents, states, mask."""
        rows = [divmod(int(i), len(self.shards[0]["texts"])) for i in torch.randint(len(self), (size,), generator=rng)]
        picked = [{name: self.shards[s][name][r] for name in ("latents", "states", "lengths")} for s, r in rows]
        lengths = torch.stack([row["lengths"] for row in picked])
        longest = int(lengths.max())
        states = torch.zeros(size, longest, picked[0]["states"].shape[-1])
        for row, state in zip(picked, states):
            state[: row["lengths"]] = row["states"][: row["lengths"]]
        return torch.stack([row["latents"] for row in picked]).float(), states, torch.arange(longest) < lengths[:, None]

    def __len__(self):
        return sum(len(shard["texts"]) for shard in self.shards)


@torch.no_grad()
def check(unet, grid, trajectories, rows):
    """Mean squared distance of the student's pictures from the teacher's, from the same noise, as latents."""
    ways = trajectories["latents"][:rows].float()
    states, lengths = trajectories["states"][:rows].float(), trajectories["lengths"][:rows]
    mask, z = torch.arange(states.shape[1]) < lengths[:, None], ways[:, 0]
    for k, t in enumerate(grid.times):
        z = grid.step(k, z, unet(z, t, states, encoder_attention_mask=mask).sample)
    return (z - ways[:, -1]).square().mean().item()


def share(unet):
    """Every process goes on with the mean of all gradients."""
    flat = torch.cat([p.grad.flatten() for p in unet.parameters()])
    dist.all_reduce(flat)
    for p, part in zip(unet.parameters(), flat.div_(dist.get_world_size()).split([p.numel() for p in unet.parameters()])):
        p.grad.copy_(part.view_as(p))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--start", type=Path, default=HERE.parent / "default" / "unet", help="a UNet folder; the teacher or an earlier student")
    p.add_argument("--steps", type=int, default=4, help="the student's steps, as in few_step_data.py")
    p.add_argument("--updates", type=int, required=True)
    p.add_argument("--batch", type=int, default=8, help="trajectories an update; samples are --steps times as many")
    p.add_argument("--lr", type=float, default=3e-4)
    p.add_argument("--decay", type=int, default=200, help="last updates, in which the rate falls to zero")
    p.add_argument("--own", type=float, default=0.6, help="final share of the student's own states")
    p.add_argument("--own-from", type=int, default=400, help="updates until that share is reached")
    p.add_argument("--ema", type=float, default=0.99)
    p.add_argument("--check-rows", type=int, default=32)
    p.add_argument("--out", type=Path, help="where the averaged weights go at each check (a UNet folder, fp16)")
    p.add_argument("--pause", type=Path, help="wait while this file exists")
    a = p.parse_args()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("gloo")
    grid, trajectories = Grid(a.steps), Trajectories(a.work / "trajectories")
    checks = torch.load(a.work / "check.pt", weights_only=True)
    unet = hasten(UNet2DConditionModel.from_pretrained(a.start, torch_dtype=torch.float32), "cpu")
    optimizer = torch.optim.AdamW(unet.parameters(), lr=a.lr, betas=(0.9, 0.99), weight_decay=0.0, foreach=True)
    ema = Ema(unet, a.ema)
    file = a.work / "few_step.pt"
    update = first = load(file, model=unet, ema=ema, optimizer=optimizer)
    began, losses, weights = time.time(), torch.zeros(a.steps), torch.linspace(FIRST, LAST, a.steps) / a.steps
    while update < a.updates:
        while a.pause and a.pause.exists():
            time.sleep(2)
        if update % 25 == 0 or update == first:
            trajectories.refresh()
        rng = torch.Generator().manual_seed(update * world + rank)
        ways, states, mask = trajectories.batch(rng, a.batch)
        own = torch.rand(a.steps, a.batch, 1, 1, 1, generator=rng) < a.own * min(1, update / a.own_from)
        z = ways[:, 0]
        for k, t in enumerate(grid.times):
            x = torch.where(own[k], z, ways[:, k])
            with autocast("cpu"):
                v = unet(x, t, states, encoder_attention_mask=mask).sample.float()
            loss = (v - grid.target(k, x, ways[:, k + 1])).square().mean()
            (loss * weights[k]).backward()
            losses[k] += loss.detach() / 25
            z = grid.step(k, x, v.detach())
        if world > 1:
            share(unet)
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, (update + 1) / 30, (a.updates - update) / a.decay)
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.update(unet)
        update += 1
        if rank > 0:
            continue
        if update % 25 == 0:
            speed = (update - first) * world * a.batch * a.steps / (time.time() - began)
            print(json.dumps({"update": update, "loss": [round(x, 4) for x in losses.tolist()], "trajectories": len(trajectories),
                              "per_s": round(speed, 1)}), flush=True)
            losses.zero_()
        if update % 50 == 0 or update == a.updates:
            save(file, update, model=unet, ema=ema, optimizer=optimizer)
            with ema.applied(unet):
                print(json.dumps({"update": update, "check": round(check(unet, grid, checks, a.check_rows), 4)}), flush=True)
                if a.out:
                    unet.half().save_pretrained(a.out)
                    unet.float()


if __name__ == "__main__":
    main()
