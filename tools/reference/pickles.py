"""Files of torch.save as tools leave them: what Weir reads of each, and what it refuses by which name."""

import argparse
import io
import os
import sys
import types

import numpy as np
import torch

from fixtures import OUT, generator, save_json, save_tensors

HOME = OUT / "pickles"


def lightning():
    """Lightning's class by its name: a checkpoint has it as a key of a dict."""
    place = "pytorch_lightning.callbacks.model_checkpoint"
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", place):
        sys.modules.setdefault(name, types.ModuleType(name))
    kind = type("ModelCheckpoint", (), {"__module__": place})
    sys.modules[place].ModelCheckpoint = kind
    return kind


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/weir-was-here",)


def state(seed: int, *shapes) -> dict:
    draw = generator(seed)
    return {f"layer.{i}.weight": torch.randn(shape, generator=draw) for i, shape in enumerate(shapes)}


def read() -> dict:
    """By file: what is saved, and the tensors that Weir finds under which names."""
    first, second = state(1, (3, 2, 1, 1), (4,)), state(2, (2, 5))
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    types_ = {"half": base.half(), "bf16": base.bfloat16(), "long": base.long(), "int": base.int(), "byte": base.byte(),
              "bool": base > 11, "scalar": torch.tensor(7.5), "empty": torch.zeros(0, 3)}
    views = {"part": base[1], "turned": base.permute(2, 0, 1), "every": base[:, ::2, 1:], "whole": base}
    linear = torch.nn.Linear(2, 3)
    module = {name: tensor.detach() for name, tensor in linear.state_dict().items()}
    word = torch.randn((2, 8), generator=generator(3))
    image = {"image_proj": state(4, (2, 2)), "ip_adapter": {"1.to_k_ip.weight": torch.ones(2, 2)}}
    optimizer = {"state": {0: {"step": 3, "exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1e-4, "params": [0, 1]}]}
    return {
        "plain.pth": (first, first),
        "types.pth": (types_, types_),
        "views.pth": (views, views),
        "module.bin": (linear.state_dict(), module),
        "parameters.pt": ({"state_dict": {"a": torch.nn.Parameter(second["layer.0.weight"])}}, {"a": second["layer.0.weight"]}),
        "upscaler.pth": ({"params": first, "params_ema": second}, second),
        "parallel.pth": ({f"module.{name}": tensor for name, tensor in first.items()}, first),
        "word.pt": ({"string_to_token": {"*": 265}, "string_to_param": {"*": word}, "name": "word", "step": 9,
                     "sd_checkpoint": None}, {"emb_params": word}),
        "word.bin": ({"<word>": word[0].clone()}, {"<word>": word[0]}),
        "images.bin": (image, {f"{part}.{name}": tensor for part, inner in image.items() for name, tensor in inner.items()}),
        "lightning.ckpt": ({"epoch": 1, "global_step": 875000, "pytorch-lightning_version": "1.4.2", "state_dict": first,
                            "callbacks": {lightning(): {"best_model_score": np.float64(0.5), "current_score": np.float32(1)}},
                            "optimizer_states": [optimizer], "lr_schedulers": [], "size": torch.Size([2, 3])}, first),
    }


def refused() -> dict:
    return {
        "evil.pt": ({"a": torch.ones(1), "b": Evil()}, f"{os.system.__module__}.system"),
        "namespace.pt": ({"args": argparse.Namespace(lr=1), "state_dict": state(1, (2,))}, "argparse.Namespace"),
        "network.pt": (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        "double.pt": (state(1, (2,)) | {"wide": torch.ones(2, dtype=torch.float64)}, "torch.DoubleStorage"),
        "nothing.pt": ({"lr": 1.0}, "no tensors"),
        "repeated.pt": ({"a": torch.ones(1).expand(1000)}, "not inside its storage"),
    }


def save(name: str, value, old: bool) -> None:
    bytes_ = io.BytesIO()
    torch.save(value, bytes_, _use_new_zipfile_serialization=not old)
    (HOME / name).write_bytes(bytes_.getvalue())


def main() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    expected, cases = {}, {"read": {}, "refused": {}}
    for name, (value, tensors) in read().items():
        stem, _, ending = name.partition(".")
        for file, old in ((name, False), (f"{stem}-old.{ending}", True)):
            save(file, value, old)
            cases["read"][file] = name
        expected |= {f"{name}/{key}": tensor for key, tensor in tensors.items()}
    for name, (value, reason) in refused().items():
        save(name, value, old=False)
        cases["refused"][name] = reason
    save_tensors(HOME / "expected.safetensors", expected)
    save_json(HOME / "cases.json", cases)


if __name__ == "__main__":
    main()
