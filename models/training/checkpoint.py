"""Checkpoints that survive an interruption at any moment, and an exponential moving average of the weights."""

import os
from contextlib import contextmanager

import torch


class Ema:
    def __init__(self, model, decay):
        self.decay, self.updates = decay, 0
        self.shadow = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.shadow, [p.detach() for p in model.parameters()], 1 - decay)

    @contextmanager
    def applied(self, model):
        """The model carries the averaged weights inside the block."""
        own = [p.detach().clone() for p in model.parameters()]
        self.copy_to(model)
        try:
            yield model
        finally:
            with torch.no_grad():
                for p, value in zip(model.parameters(), own):
                    p.copy_(value)

    @torch.no_grad()
    def copy_to(self, model):
        for p, value in zip(model.parameters(), self.shadow):
            p.copy_(value)

    def state_dict(self):
        return {"updates": self.updates, "shadow": self.shadow}

    def load_state_dict(self, state):
        self.updates = state["updates"]
        for mine, theirs in zip(self.shadow, state["shadow"], strict=True):
            mine.copy_(theirs)


def save(file, step, **parts):
    """Written beside and renamed: a reader sees the old file or the new one, never half of one."""
    beside = file.with_suffix(".tmp")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, beside)
    os.replace(beside, file)


def load(file, **parts):
    """Restores the parts; returns the step to go on from, 0 without a checkpoint."""
    if not file.exists():
        return 0
    state = torch.load(file, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["step"]
