"""Pictures as training sees them: float RGB in [-1, 1], composed over a ground, [n, 3, size, size]."""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F


class Pictures:
    """The packed data set. Premultiplied RGBA stays on disk; what is asked for is composed on the fly."""

    def __init__(self, work: Path):
        self.rgba = np.load(work / "pictures.npy", mmap_mode="r")
        self.manifest = json.loads((work / "manifest.json").read_text())

    def of(self, sets=None, held_out=False):
        return [
            i for i, m in enumerate(self.manifest)
            if m["held_out"] == held_out and (sets is None or m["set"] in sets)
        ]

    def name(self, index):
        return self.manifest[index]["words"]

    def layer(self, index, size):
        """One picture as float RGBA in [0, 1], premultiplied, [4, size, size]; smaller sizes are box means."""
        rgba = torch.from_numpy(np.array(self.rgba[index])).permute(2, 0, 1).float().div_(255)
        return F.avg_pool2d(rgba[None], rgba.shape[-1] // size)[0] if size < rgba.shape[-1] else rgba


def over(layer, ground):
    """A premultiplied layer over a ground colour (r, g, b in [0, 1]) or picture, to RGB in [-1, 1]."""
    ground = torch.as_tensor(ground, dtype=torch.float32)
    ground = ground.view(3, 1, 1) if ground.dim() == 1 else ground
    return (layer[:3] + (1 - layer[3:]) * ground) * 2 - 1


WHITE = (1.0, 1.0, 1.0)
