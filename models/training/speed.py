"""What a processor trains fastest with: bf16 where it has matrix units (CUDA, AMX), otherwise plain fp32."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor


def autocast(device):
    return torch.autocast(device, torch.bfloat16, enabled=device == "cuda" or torch.cpu._is_amx_tile_supported())


class SameTypeNorm(nn.GroupNorm):
    """Weights in the type of what they scale: PyTorch's norm of bf16 by fp32 weights takes a slow way on a CPU."""

    def forward(self, x):
        return F.group_norm(x, self.num_groups, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps)


def hasten(unet, device):
    """The same network; on a CPU with plain attention, whose gradient of a few dozen tokens is faster than the fused one's."""
    if device == "cpu":
        unet.set_attn_processor(AttnProcessor())
        for module in unet.modules():
            if type(module) is nn.GroupNorm:
                module.__class__ = SameTypeNorm
    return unet


def onnx(unet, file):
    """The UNet as a function (latents, timestep, states, mask) -> v on ONNX Runtime, for inference: 1.3 times as fast on a CPU."""
    import onnxruntime

    class Forward(nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = unet

        def forward(self, x, t, states, mask):
            return self.unet(x, t, states, encoder_attention_mask=mask).sample

    if not file.exists():
        unet.set_attn_processor(AttnProcessor())
        width = unet.config.cross_attention_dim
        example = (torch.randn(2, 4, 16, 16), torch.zeros(2, dtype=torch.long), torch.randn(2, 5, width), torch.ones(2, 5, dtype=torch.bool))
        names, rows, tokens = ["x", "t", "states", "mask"], {0: "rows"}, {0: "rows", 1: "tokens"}
        torch.onnx.export(Forward(), example, str(file), dynamo=False, opset_version=18, input_names=names, output_names=["v"],
                          dynamic_axes={"x": rows, "t": rows, "states": tokens, "mask": tokens, "v": rows})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def forward(x, t, states, mask):
        feed = {"x": x, "t": torch.as_tensor(t).expand(len(x)), "states": states, "mask": mask}
        return torch.from_numpy(session.run(None, {name: value.numpy() for name, value in feed.items()})[0])

    return forward
