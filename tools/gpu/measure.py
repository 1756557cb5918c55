"""Runs the TorchScript that Weir emits, with random weights, and prints every figure as JSON.

    python tools/gpu/measure.py ARCHIVES [--minutes 8] [--only NAME] > figures.json

ARCHIVES is the folder that tools/gpu/export writes. Needs PyTorch 2.7 and nothing else: no Java, no diffusers. For each network and
precision: the distance from the CPU's fp32, seconds by batch, memory, and the same with the forward as a CUDA graph. Networks that do not
fit into the time are listed under "skipped".
"""

import argparse
import json
import math
import re
import struct
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import torch

ROUNDS = 7
# A forward of a large network on a CPU takes seconds, so the reference has one row.
REFERENCE_ROWS = 1
HOST_RESULT = re.compile(r'(return torch\.contiguous\(torch\.to\([^,]+, )torch\.device\("cpu"\), ')


def weights(folder, network, path):
    """A file of fp16 numbers. Matrices keep activations at about unit size, scales are 1 and biases are small."""
    head = (folder / network["head"]).read_bytes()
    tensors = json.loads(head[8 : 8 + struct.unpack("<Q", head[:8])[0]])
    random = torch.Generator().manual_seed(7)
    noise = torch.randn(1 << 22, generator=random)
    with open(path, "wb") as out:
        out.write(head)
        for name, tensor in sorted(tensors.items(), key=lambda entry: entry[1]["data_offsets"][0]):
            shape = tensor["shape"]
            count = math.prod(shape)
            start = sum(map(ord, name)) % 4096
            values = noise.repeat((count + start) // noise.numel() + 1)[start : start + count]
            if len(shape) > 1:
                values = values / math.sqrt(math.prod(shape[1:]))
            else:
                values = 0.02 * values + (1 if name.endswith("weight") else 0)
            out.write(values.half().numpy().tobytes())
    if path.stat().st_size != network["bytes"]:
        sys.exit(f"{network['name']}: the weights have {path.stat().st_size} bytes, not {network['bytes']}")


def load(archive, path):
    module = torch.jit.load(str(archive), map_location="cpu")
    for bind in [name for name in module._c._method_names() if re.fullmatch(r"bind\d+", name)]:
        getattr(module, bind)(str(path))
    return module


def inputs(network, rows, device):
    """The same numbers for a row whatever stands beside it."""
    made = []
    for one in network["inputs"]:
        shape = [rows if side == "B" else side for side in one["shape"]]
        shared = one["shape"][0] != "B"
        random = torch.Generator().manual_seed(11)
        each = shape if shared else shape[1:]
        if one["type"] == "bool":
            made.append(torch.ones(shape, dtype=torch.bool))
            continue
        draws = []
        for _ in range(1 if shared else rows):
            if one["type"] == "long":
                draws.append(torch.randint(0, one["below"], each, generator=random))
            elif one["name"] == "timestep":
                draws.append(torch.full(each, 500.0))
            else:
                draws.append(torch.randn(each, generator=random))
        made.append(draws[0] if shared else torch.stack(draws))
    return [tensor.to(device) for tensor in made]


def distance(actual, expected):
    difference = (actual - expected).double()
    return {
        "finite": bool(torch.isfinite(actual).all()),
        "relative_l2": float(difference.norm() / expected.double().norm()),
        "max_abs": float(difference.abs().max()),
        "rms_of_reference": float(expected.double().pow(2).mean().sqrt()),
    }


class Device:
    def __init__(self, name):
        self.name = name
        self.cuda = name.startswith("cuda")

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize(self.name)

    def median(self, run, rounds):
        run()
        run()
        seconds = []
        for _ in range(rounds):
            self.wait()
            begin = time.perf_counter()
            run()
            self.wait()
            seconds.append(time.perf_counter() - begin)
        return sorted(seconds)[len(seconds) // 2]

    def mebibytes(self, peak):
        if not self.cuda:
            return None
        return round((torch.cuda.max_memory_allocated(self.name) if peak else torch.cuda.memory_allocated(self.name)) / 2**20)

    def reset(self):
        if self.cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.name)


def resident(archive, target):
    """The same module, whose result stays on the device: a CUDA graph holds no copy to pageable memory."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("__torch__.py"):
                content, count = HOST_RESULT.subn(r"\1", content.decode())
                if not count:
                    raise ValueError("no method gives its result to the host")
                content = content.encode()
            new.writestr(entry.filename, content)
    return target


def graphed(module, method, arguments, device, rounds):
    """Seconds of a forward as a CUDA graph, and how far its result is from that without one."""
    call = getattr(module, method)
    stream = torch.cuda.Stream(device.name)
    with torch.cuda.stream(stream):
        for _ in range(3):
            expected = call(*arguments)
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        result = call(*arguments)
    seconds = device.median(graph.replay, rounds)
    return {"seconds": seconds, "same_bits": bool(torch.equal(result, expected))}


def by_batch(module, graph_module, network, device, rounds, late):
    figures = []
    for rows in network["batches"]:
        if late():
            figures.append({"rows": rows, "skipped": "no time left"})
            continue
        figure = {"rows": rows}
        figures.append(figure)
        try:
            device.reset()
            arguments = inputs(network, rows, device.name)
            call = getattr(module, network["method"])
            figure["seconds"] = device.median(lambda: call(*arguments), rounds)
            figure["peak_mib"] = device.mebibytes(peak=True)
            if graph_module is not None:
                try:
                    figure["cuda_graph"] = graphed(graph_module, network["method"], arguments, device, rounds)
                except RuntimeError as e:
                    figure["cuda_graph"] = {"error": str(e).splitlines()[0]}
        except torch.OutOfMemoryError as e:
            figure["error"] = str(e).splitlines()[0]
            break
    return figures


def measure(folder, scratch, network, device, rounds, late):
    path = scratch / "weights.safetensors"
    begin = time.perf_counter()
    weights(folder, network, path)
    figures = {"name": network["name"], "weights_mib": round(network["bytes"] / 2**20), "runs": []}
    exact = next(a for a in network["archives"] if a["device"] == "cpu" and a["asked"] == "fp32")
    reference = load(folder / exact["file"], path)
    expected = getattr(reference, network["method"])(*inputs(network, REFERENCE_ROWS, "cpu"))
    del reference
    figures["reference_seconds"] = time.perf_counter() - begin
    for archive in network["archives"]:
        if archive is exact and device.name != "cpu":
            continue
        if late():
            figures["runs"].append({**archive, "skipped": "no time left"})
            continue
        run = {"asked": archive["asked"], "computes": archive["computes"]}
        figures["runs"].append(run)
        device.reset()
        begin = time.perf_counter()
        try:
            module = load(folder / archive["file"], path)
            device.wait()
            run["load_seconds"] = time.perf_counter() - begin
            run["loaded_mib"] = device.mebibytes(peak=False)
            actual = getattr(module, network["method"])(*inputs(network, REFERENCE_ROWS, device.name))
            run["parity"] = distance(actual, expected)
            graph_module = load(resident(folder / archive["file"], scratch / "resident.pt"), path) if device.cuda else None
            run["batches"] = by_batch(module, graph_module, network, device, rounds, late)
            del module, graph_module
        except RuntimeError as e:
            run["error"] = str(e).splitlines()[0]
    path.unlink()
    return figures


def large_scores(device):
    """Attention in fp16 whose scores leave its range: upcast_attention of a config.json is for kernels that keep them in fp16."""
    q = torch.full((1, 1, 64, 64), 60.0, dtype=torch.half, device=device.name)
    out = torch.nn.functional.scaled_dot_product_attention(q, q, torch.ones_like(q), scale=1.0)
    return {"score": 64 * 60.0 * 60.0, "finite": bool(torch.isfinite(out).all()), "value": float(out.float().mean())}


def uploads(device, mebibytes, rounds):
    """Seconds to bring text states to the device, from memory as Java has it and from pinned memory."""
    pageable = torch.randn(mebibytes << 18)
    copies = {"pageable_seconds": device.median(lambda: pageable.to(device.name), rounds)}
    if device.cuda:
        pinned = pageable.pin_memory()
        copies["pinned_seconds"] = device.median(lambda: pinned.to(device.name, non_blocking=True), rounds)
    return {"mib": mebibytes, **copies}


def about(device):
    facts = {"torch": torch.__version__, "device": device.name, "cuda": torch.version.cuda}
    if device.cuda:
        properties = torch.cuda.get_device_properties(device.name)
        facts |= {
            "gpu": properties.name,
            "mib": properties.total_memory >> 20,
            "capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "cudnn": torch.backends.cudnn.version(),
        }
    return facts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", type=Path)
    parser.add_argument("--minutes", type=float, default=7.5, help="begin nothing new after this time")
    parser.add_argument("--only", default="", help="networks that have this in their names")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes

    def late():
        return time.monotonic() > end

    manifest = json.loads((arguments.archives / "manifest.json").read_text())
    device = Device(manifest["device"])
    if device.cuda and not torch.cuda.is_available():
        sys.exit("these archives are for " + device.name + ", and PyTorch sees no CUDA device")
    figures = {"about": about(device), "networks": [], "skipped": []}
    figures["large_scores"] = large_scores(device)
    figures["upload"] = uploads(device, 2, arguments.rounds)
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode():
        for network in manifest["networks"]:
            if arguments.only not in network["name"]:
                continue
            if late():
                figures["skipped"].append(network["name"])
                continue
            begin = time.monotonic()
            figures["networks"].append(measure(arguments.archives, Path(scratch), network, device, arguments.rounds, late))
            print(f"{network['name']}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
