"""Where the fixtures lie, and how they are written: tensors as safetensors, everything else as JSON."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

REPOSITORY = Path(__file__).resolve().parents[2]
OUT = REPOSITORY / "engine/src/test/resources/reference"

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def save_tensors(path: Path, tensors: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.as_tensor(value).contiguous().clone() for name, value in tensors.items()}, path)


def save_cases(path: Path, cases: list) -> None:
    """A JSON array with one case a line, so that a diff shows which cases changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


def save_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def generator(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


def int64(values) -> torch.Tensor:
    return torch.tensor(np.asarray(values, dtype=np.int64))
