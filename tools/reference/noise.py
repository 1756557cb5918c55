"""What PyTorch's CPU generator draws for a seed: integers, uniforms and normals, from fresh and from used generators."""

import math

import numpy as np
import torch

from fixtures import OUT, generator, int64, save_cases, save_tensors

SEEDS = [0, 1, 7, 42, 2**32 + 5, -1, 2**63 - 1]
SHAPES = [[1], [2], [3], [15], [16], [17], [31], [64], [1024 + 5], [1, 4, 16, 16], [1, 4, 64, 64]]
LARGE = 10_000  # elements: draws of this size and more are kept for two seeds only
# Draws in a row from one generator. Normals below 16 come in pairs, and the spare one waits for the next small draw,
# even past a large draw and a uniform one.
SEQUENCES = {
    "pair": [["randn", [1, 4, 8, 8]], ["randn", [1, 4, 8, 8]]],
    "ancestral": [["randn", [1, 4, 5, 3]]] * 4,
    "small": [["randn", [1]], ["randn", [1]], ["randn", [2]], ["randn", [5]], ["randn", [3]]],
    "mixed": [
        ["randn", [3]], ["randn", [17]], ["randn", [1]], ["randn", [16]], ["randn", [2]], ["rand", [3]],
        ["randn", [15]], ["randn", [33]], ["random32", [5]], ["randn", [7]], ["rand53", [2]], ["randn", [1]],
    ],
}


def draw(kind: str, shape: list, source: torch.Generator) -> torch.Tensor:
    if kind == "randn":
        return torch.randn(shape, generator=source)
    if kind == "rand":
        return torch.rand(shape, generator=source)
    if kind == "rand53":  # the 53-bit integer behind an fp64 uniform
        return (torch.rand(shape, generator=source, dtype=torch.float64) * 2.0**53).to(torch.int64)
    if kind == "random32":  # one 32-bit draw each, without its top bit
        return torch.empty(shape, dtype=torch.int32).random_(generator=source).to(torch.int64)
    raise ValueError(kind)


def raw_draws(seed: int, count: int) -> torch.Tensor:
    """The twister's unsigned 32-bit outputs. NumPy shows all 32 bits; PyTorch's own 31 are checked against them."""
    raw = np.random.RandomState(seed & 0xFFFFFFFF).randint(0, 2**32, count, dtype=np.uint32).astype(np.int64)
    assert (draw("random32", [count], generator(seed)).numpy() == raw & 0x7FFFFFFF).all()
    return int64(raw)


def main() -> None:
    tensors, cases = {}, []
    for seed in SEEDS:
        name = f"raw/{seed}"
        tensors[name] = raw_draws(seed, 700)  # more than one refill of the twister's 624 words
        cases.append({"name": name, "seed": seed, "draws": [{"kind": "raw", "shape": [700], "tensor": name}]})
        wanted = [("randn", shape) for shape in SHAPES] + [("rand", [20]), ("rand53", [20])]
        for kind, shape in wanted:
            if math.prod(shape) >= LARGE and seed not in (7, -1):
                continue
            name = f"{kind}/{seed}/{'x'.join(map(str, shape))}"
            tensors[name] = draw(kind, shape, generator(seed))
            cases.append({"name": name, "seed": seed, "draws": [{"kind": kind, "shape": shape, "tensor": name}]})
    for sequence, draws in SEQUENCES.items():
        for seed in (7, 42):
            source, rows = generator(seed), []
            for index, (kind, shape) in enumerate(draws):
                name = f"{sequence}/{seed}/{index}"
                tensors[name] = draw(kind, shape, source)
                rows.append({"kind": kind, "shape": shape, "tensor": name})
            cases.append({"name": f"{sequence}/{seed}", "seed": seed, "draws": rows})
    save_tensors(OUT / "noise/noise.safetensors", tensors)
    save_cases(OUT / "noise/noise.json", cases)


if __name__ == "__main__":
    main()
