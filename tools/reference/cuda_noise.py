"""What PyTorch draws on a CUDA device, computed on the host with cuRAND's own headers (cuda/normal.cpp).

Needs g++, and torch's wheel for CUDA, which brings the headers.
"""

import subprocess
import tempfile
from pathlib import Path

import torch

from fixtures import OUT, save_cases, save_tensors

SOURCES = Path(__file__).resolve().parent / "cuda"
PACKAGES = Path(torch.__file__).resolve().parents[1]
HEADERS = [SOURCES, PACKAGES / "triton/backends/nvidia/include", PACKAGES / "nvidia/curand/include"]

# (name, seed, most blocks of the grid or 0, sizes of the draws of one generator)
CASES = [
    ("published", 0, 0, [12]),  # of AUTOMATIC1111/stable-diffusion-webui, modules/rng_philox.py
    ("sequence", 42, 0, [12, 1, 64, 257, 3]),
    ("low-32-bits", 2**32 - 1, 0, [20]),
    ("high-32-bits", 7 * 2**32 + 5, 0, [20]),
    ("2^63", 2**63, 0, [20]),
    ("2^64-1", 2**64 - 1, 0, [20, 20]),
    # A small grid stands for a small GPU: its threads draw several numbers each, and more than four in two turns.
    ("two-numbers-a-thread", 7, 1, [400, 5]),
    ("nine-numbers-a-thread", 7, 1, [9 * 256, 5]),
    ("two-blocks", 7, 2, [5 * 512 + 3, 5]),
]


def compiled(folder: str) -> str:
    program = f"{folder}/normal"
    includes = [f"-I{path}" for path in HEADERS]
    # -mfma: nvcc multiplies and adds with one rounding, as gcc then does.
    subprocess.run(["g++", "-w", "-O2", "-mfma", *includes, SOURCES / "normal.cpp", "-o", program], check=True)
    return program


def main() -> None:
    tensors, cases = {}, []
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        for name, seed, blocks, sizes in CASES:
            arguments = [program, str(seed), str(blocks), *map(str, sizes)]
            lines = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.split("\n")
            draws, values = [], []
            for line in lines:
                if line.startswith("offset"):
                    tensor = f"{name}/{len(draws)}"
                    tensors[tensor] = torch.tensor(values, dtype=torch.float32)
                    draws.append({"tensor": tensor, "offset": int(line.split()[1])})
                    values = []
                elif line:
                    values.append(float(line))
            assert [len(tensors[draw["tensor"]]) for draw in draws] == sizes
            noise = f"cuda:{blocks}" if blocks else "cuda"
            cases.append({"name": name, "seed": str(seed), "noise": noise, "draws": draws})
    save_tensors(OUT / "noise/cuda.safetensors", tensors)
    save_cases(OUT / "noise/cuda.json", cases)


if __name__ == "__main__":
    main()
