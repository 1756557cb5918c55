"""Times forwards of a model's component in other programs, for `weir bench engines`.

Reads a request a line from standard input and answers each with one line of JSON, so that Weir can take turns with it:

    {"peer": "openvino", "network": "unet", "folder": "/path", "rows": 2, "height": 16, "width": 16, "tokens": 8}
    {"seconds": 0.0123}

The first request for a component loads it and warms it up. {"drop": true} forgets every network that is loaded. Peers run on
as many threads as the first argument says, in fp32. Needs diffusers, transformers, onnx, onnxruntime and openvino.
"""

import gc
import json
import os
import sys
import tempfile
import time

import torch

THREADS = int(sys.argv[1])
torch.set_num_threads(THREADS)
torch.manual_seed(0)

WARM_UP = 2


class Unet(torch.nn.Module):
    """A UNet with tensors for inputs and output, as exporters want it."""

    names = ["sample", "timestep", "context"]
    axes = {
        "sample": {0: "batch", 2: "height", 3: "width"},
        "timestep": {0: "batch"},
        "context": {0: "batch", 1: "tokens"},
    }

    def __init__(self, folder):
        super().__init__()
        from diffusers import UNet2DConditionModel

        self.network = UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()

    def forward(self, sample, timestep, context):
        return self.network(sample, timestep, context, return_dict=False)[0]

    def inputs(self, ask):
        config = self.network.config
        rows = ask["rows"]
        return (
            torch.randn(rows, config.in_channels, ask["height"], ask["width"]),
            torch.full((rows,), 500.0),
            torch.randn(rows, ask["tokens"], config.cross_attention_dim),
        )


class Vae(torch.nn.Module):
    """The decoder of an autoencoder."""

    names = ["latents"]
    axes = {"latents": {0: "batch", 2: "height", 3: "width"}}

    def __init__(self, folder):
        super().__init__()
        from diffusers import AutoencoderKL

        self.network = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()

    def forward(self, latents):
        return self.network.decode(latents, return_dict=False)[0]

    def inputs(self, ask):
        return (torch.randn(ask["rows"], self.network.config.latent_channels, ask["height"], ask["width"]),)


class Text(torch.nn.Module):
    """A text encoder."""

    names = ["ids"]
    axes = {"ids": {0: "batch", 1: "tokens"}}

    def __init__(self, folder):
        super().__init__()
        from transformers import AutoConfig, BertModel, CLIPTextModel

        kind = CLIPTextModel if AutoConfig.from_pretrained(folder).model_type.startswith("clip") else BertModel
        self.network = kind.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()

    def forward(self, ids):
        return self.network(ids, return_dict=False)[0]

    def inputs(self, ask):
        return (torch.randint(5, 1000, (ask["rows"], ask["tokens"])),)


NETWORKS = {"unet": Unet, "vae": Vae, "text_encoder": Text}


def exported(network, inputs, folder):
    """The ONNX model of a network, in a file, since large ones keep their weights beside it."""
    path = os.path.join(tempfile.mkdtemp(dir=folder), "model.onnx")
    with torch.no_grad():
        torch.onnx.export(
            network,
            inputs,
            path,
            input_names=network.names,
            output_names=["result"],
            dynamic_axes=network.axes,
            opset_version=17,
            dynamo=False,
        )
    return path


class Diffusers:
    def __init__(self, network, _):
        self.network = network

    def runner(self, inputs):
        def run():
            with torch.inference_mode():
                self.network(*inputs)

        return run


class OnnxRuntime:
    """One session for every shape, with ONNX Runtime's own defaults but for the threads."""

    def __init__(self, network, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        self.names = network.names
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def runner(self, inputs):
        feed = {name: value.numpy() for name, value in zip(self.names, inputs)}
        return lambda: self.session.run(None, feed)


class OpenVino:
    """Compiled for each shape, which is what it is fastest with."""

    def __init__(self, network, path):
        import openvino

        self.core = openvino.Core()
        self.model = self.core.read_model(path)

    def runner(self, inputs):
        model = self.model.clone()
        model.reshape({i: list(value.shape) for i, value in enumerate(inputs)})
        config = {
            "INFERENCE_NUM_THREADS": THREADS,
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        request = self.core.compile_model(model, "CPU", config).create_infer_request()
        values = [value.numpy() for value in inputs]
        return lambda: request.infer(values)


PEERS = {"diffusers": Diffusers, "onnxruntime": OnnxRuntime, "openvino": OpenVino}

networks, paths, peers, runners = {}, {}, {}, {}
scratch = tempfile.TemporaryDirectory(prefix="weir-peers-")


def runner(ask):
    where = (ask["network"], ask["folder"])
    peer = (ask["peer"], *where)
    key = (*peer, ask["rows"], ask["height"], ask["width"], ask["tokens"])
    if key not in runners:
        if where not in networks:
            networks[where] = NETWORKS[ask["network"]](ask["folder"])
        network = networks[where]
        inputs = network.inputs(ask)
        if peer not in peers:
            if ask["peer"] != "diffusers" and where not in paths:
                paths[where] = exported(network, network.inputs({**ask, "rows": 2}), scratch.name)
            peers[peer] = PEERS[ask["peer"]](network, paths.get(where))
        runners[key] = peers[peer].runner(inputs)
        for _ in range(WARM_UP):
            runners[key]()
    return runners[key]


def main():
    answers = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no answer
    for line in sys.stdin:
        ask = json.loads(line)
        if ask.get("drop"):
            for kept in (networks, peers, runners):
                kept.clear()
            run = None
            gc.collect()
            answer = {}
        else:
            run = runner(ask)
            run()  # after a pause the first forward finds cold caches and a processor that sleeps
            begin = time.perf_counter()
            run()
            answer = {"seconds": time.perf_counter() - begin}
        print(json.dumps(answer), file=answers, flush=True)


with scratch:
    main()
