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
