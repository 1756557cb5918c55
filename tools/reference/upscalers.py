"""Upscalers of the ESRGAN class as spandrel runs them: tiny networks in every naming, a picture in and the larger one out.

Weights are a formula of their place, so that the fixtures have names and shapes only: number i of the tensor that is k-th by name is
gain * sin(1.7 i + 0.3 (k + 1)), with gain 1.4 / sqrt(fan in) for kernels, 0.05 for biases; slopes of PReLU are 0.2 plus a tenth of the sine.
"""

import math

import torch
from spandrel import ModelLoader

from fixtures import OUT, generator, save_json, save_tensors

HOME = OUT / "upscalers"


def number(key: int, name: str, shape: list) -> torch.Tensor:
    count = math.prod(shape)
    sine = torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + 0.3 * (key + 1))
    if len(shape) == 4:
        sine = 1.4 / math.sqrt(math.prod(shape[1:])) * sine
    elif name.endswith("bias"):
        sine = 0.05 * sine
    else:
        sine = 0.2 + 0.1 * sine
    return sine.float().reshape(shape)


def state(shapes: dict) -> dict:
    return {name: number(key, name, shapes[name]) for key, name in enumerate(sorted(shapes))}


def conv(name: str, out: int, into: int) -> dict:
    return {f"{name}.weight": [out, into, 3, 3], f"{name}.bias": [out]}


def rrdb(width: int, blocks: int, doublings: int, channels: int = 3) -> dict:
    """In the naming of Real-ESRGAN; spandrel knows a growth of 32 only."""
    shapes = conv("conv_first", width, channels) | conv("conv_body", width, width) | conv("conv_hr", width, width) | conv("conv_last", 3, width)
    for block in range(blocks):
        for part in (1, 2, 3):
            for i in range(5):
                shapes |= conv(f"body.{block}.rdb{part}.conv{i + 1}", width if i == 4 else 32, width + 32 * i)
    for up in range(doublings):
        shapes |= conv(f"conv_up{up + 1}", width, width)
    return shapes


def trunk(name: str) -> str:
    """BSRGAN's name."""
    for new, old in {"conv_body": "trunk_conv", "conv_hr": "HRconv", "conv_up": "upconv", "body.": "RRDB_trunk.", "rdb": "RDB"}.items():
        name = name.replace(new, old)
    return name


def numbered(name: str, blocks: int, doublings: int) -> str:
    """The name in ESRGAN's first code."""
    module, _, kind = name.rpartition(".")
    if module.startswith("body."):
        _, block, part, layer = module.split(".")
        return f"model.1.sub.{block}.{part.upper()}.{layer}.0.{kind}"
    if module.startswith("conv_up"):
        return f"model.{3 * int(module[-1])}.{kind}"
    return {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}", "conv_hr": f"model.{3 * doublings + 2}",
            "conv_last": f"model.{3 * doublings + 4}"}[module] + f".{kind}"


def compact(width: int, layers: int, scale: int) -> dict:
    shapes = conv("body.0", width, 3) | {"body.1.weight": [width]}
    for i in range(1, layers + 1):
        shapes |= conv(f"body.{2 * i}", width, width) | {f"body.{2 * i + 1}.weight": [width]}
    return shapes | conv(f"body.{2 * layers + 2}", 3 * scale * scale, width)


def cases() -> dict:
    names = lambda shapes, rename: {rename(name): shape for name, shape in shapes.items()}
    old = lambda blocks, doublings: names(rrdb(8, blocks, doublings), lambda name: numbered(name, blocks, doublings))
    return {
        "new-x4": rrdb(8, 2, 2), "new-x8": rrdb(8, 1, 3), "unshuffle-x2": rrdb(8, 1, 2, 12), "unshuffle-x1": rrdb(8, 1, 2, 48),
        "trunk-x4": names(rrdb(8, 2, 2), trunk), "trunk-x2": names(rrdb(8, 1, 1), trunk),
        "numbered-x4": old(2, 2), "numbered-x2": old(1, 1), "numbered-x1": old(2, 0),
        "compact-x4": compact(8, 2, 4), "compact-x2": compact(8, 3, 2), "compact-x1": compact(6, 1, 1),
    }


def main() -> None:
    io, all_cases = {}, []
    for seed, (name, shapes) in enumerate(cases().items()):
        weights = state(shapes)
        found = ModelLoader().load_from_state_dict(dict(weights))
        height, width = (11, 14) if "unshuffle" in name else (9, 12)
        picture = torch.randint(0, 256, (1, 3, height, width), generator=generator(seed)).float() / 255
        out = found.model.eval()(picture)
        assert list(out.shape[2:]) == [height * found.scale, width * found.scale]
        io |= {f"{name}/in": picture[0], f"{name}/out": out[0]}
        all_cases.append({"name": name, "scale": found.scale, "shapes": shapes})
    # As Real-ESRGAN publishes them.
    torch.save({"params": state(compact(4, 1, 2))}, HOME / "compact.pth")
    save_json(HOME / "cases.json", {"cases": all_cases})
    save_tensors(HOME / "io.safetensors", io)


if __name__ == "__main__":
    main()
