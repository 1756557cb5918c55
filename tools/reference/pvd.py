"""Point-voxel diffusion (PVD) by a transcription of its published algorithm: one call of PVCNN2, and a run of its sampler.

No package has it, and its code needs operations written for CUDA. So this is no published library, but the algorithm of Zhou et al. 2021
(arXiv 2104.03670) and Liu et al. 2019 (arXiv 1907.03739) in plain torch, the five operations included. Checkpoints are not stored: the
numbers of each tensor follow from its name (`adm.numbers`), and Weir's test makes the same .pth files.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from adm import numbers
from fixtures import OUT, generator, save_cases, save_json, save_tensors

HOME = OUT / "pvd"
EMBED = 8
HEAD = 16
# (width, convolutions, resolution), (centers, radius, neighbours, widths): the published levels, with fewer channels, points and voxels.
DOWN = [((8, 2, 8), (64, 0.3, 8, (8, 8))), ((8, 3, 8), (32, 0.5, 8, (8, 16))),
        ((16, 3, 4), (16, 0.8, 8, (16, 16))), (None, (8, 1.2, 8, (16, 16, 24)))]
UP = [((16, 16), (16, 3, 4)), ((16, 16), (16, 3, 4)), ((16, 8), (8, 2, 8)), ((8, 8, 8), (8, 2, 8))]
POINTS = 128
STEPS = 5
# The network chooses: the voxel of a point, the points of a ball, the furthest point, the three nearest centers. A choice that is nearer to
# another one than rounding errors makes two right implementations differ by far more than those, and a run collects such errors. So
# the recorded run must have none. In 10 steps of the same seed a point is 5e-6 of the grid's side from its voxel's edge, and the ends differ.
LEAST_MARGIN = 4e-5
margins = []


# ---- the five operations


def squared_distances(a, b):
    """[B, 3, N], [B, 3, M] to [B, N, M]: differences first, as the kernels have it."""
    d = a[:, :, :, None] - b[:, :, None, :]
    return d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2]


def at(x, index):
    """Columns of [B, C, N] by [B, ...]: [B, C, ...]."""
    return torch.stack([row[:, places] for row, places in zip(x, index)])


def furthest_points(coords, count):
    chosen = torch.zeros([len(coords), count], dtype=torch.int64)
    for row, points in enumerate(coords):
        least, last = torch.full([points.shape[1]], 1e10), 0
        for k in range(1, count):
            d = points - points[:, last:last + 1]
            least = torch.minimum(least, d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
            last = int(torch.argmax(least))
            chosen[row, k] = last
            first, second = least.topk(2).values.sqrt()
            margins.append(float(first - second))
    return chosen


def ball(centers, points, radius, most):
    """The first `most` points within a radius, in their order; what is left is filled with the first of them."""
    radius = np.float32(radius)
    found = torch.zeros([len(centers), centers.shape[2], most], dtype=torch.int64)
    distances = squared_distances(centers, points)
    inside = distances < float(radius * radius)
    margins.append(float((distances.sqrt() - radius).abs().min()))
    for row in range(len(centers)):
        for center in range(centers.shape[2]):
            near = torch.nonzero(inside[row, center])[:most, 0]
            found[row, center] = near[0]
            found[row, center, :len(near)] = near
    return found


def voxels(features, places, side):
    """The mean of the points in each of side^3 voxels."""
    index = (places[:, 0] * side + places[:, 1]) * side + places[:, 2]
    sums = torch.zeros([*features.shape[:2], side ** 3])
    counts = torch.zeros([len(features), 1, side ** 3])
    for row in range(len(features)):
        sums[row].index_add_(1, index[row], features[row])
        counts[row].index_add_(1, index[row], torch.ones([1, index.shape[1]]))
    return (sums / counts.clamp_min(1)).reshape(*features.shape[:2], side, side, side)


def devoxelized(grid, places, side):
    low = places.floor()
    part = places - low
    high = torch.where(part > 0, low + 1, low)
    flat = grid.flatten(2)
    out = 0
    for corner in range(8):
        bits = [(corner >> shift) & 1 for shift in (2, 1, 0)]
        weight, index = 1, 0
        for axis, bit in enumerate(bits):
            weight = weight * (part[:, axis] if bit else 1 - part[:, axis])
            index = index * side + (high if bit else low)[:, axis]
        out = out + weight[:, None] * at(flat, index.long())
    return out


def interpolated(points, centers, features):
    """Of the three nearest centers, by the inverse of their squared distances."""
    near = squared_distances(points, centers).topk(4, dim=2, largest=False)
    margins.append(float(near.values[..., 2:].sqrt().diff().min()))
    d, indices = near.values[..., :3].clamp(1e-10, 1e10), near.indices[..., :3]
    shares = torch.stack([d[..., 1] * d[..., 2], d[..., 0] * d[..., 2], d[..., 0] * d[..., 1]], -1)
    shares = shares * (1 / shares.sum(-1, keepdim=True))
    return (at(features, indices) * shares[:, None]).sum(-1)


# ---- the network, with the names of the published files


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class Shared(nn.Module):
    def __init__(self, width, widths, conv=nn.Conv1d):
        super().__init__()
        parts = []
        for out in widths:
            parts += [conv(width, out, 1), nn.GroupNorm(8, out), Swish()]
            width = out
        self.layers = nn.Sequential(*parts)

    def forward(self, x):
        return self.layers(x)


class Attends(nn.Module):
    def __init__(self, width, conv):
        super().__init__()
        self.q, self.k, self.v, self.out = (conv(width, width, 1) for _ in range(4))
        self.norm = nn.GroupNorm(8, width)

    def forward(self, x):
        q, k, v = (layer(x).flatten(2) for layer in (self.q, self.k, self.v))
        seen = torch.softmax(q.transpose(1, 2) @ k, -1)
        x = x + self.out((v @ seen.transpose(1, 2)).reshape(x.shape))
        return Swish()(self.norm(x))


class Squeeze(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(width, width // 8, bias=False), nn.ReLU(), nn.Linear(width // 8, width, bias=False), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean([2, 3, 4]))[:, :, None, None, None]


class PointVoxel(nn.Module):
    def __init__(self, width, out, side, attends):
        super().__init__()
        self.side = side
        self.voxel_layers = nn.Sequential(
            nn.Conv3d(width, out, 3, padding=1), nn.GroupNorm(8, out), Swish(), nn.Dropout(0.1),
            nn.Conv3d(out, out, 3, padding=1), nn.GroupNorm(8, out), Attends(out, nn.Conv3d) if attends else Swish(),
            Squeeze(out))
        self.point_features = Shared(width, [out])

    def forward(self, features, coords):
        centred = coords - coords.mean(2, keepdim=True)
        places = centred / (centred.norm(dim=1, keepdim=True).amax(2, keepdim=True) * 2.0) + 0.5
        places = (places * self.side).clamp(0, self.side - 1)
        margins.append(float((places - places.floor() - 0.5).abs().min()) / self.side)
        grid = self.voxel_layers(voxels(features, places.round().long(), self.side))
        return devoxelized(grid, places, self.side) + self.point_features(features)


class Abstraction(nn.Module):
    def __init__(self, width, count, radius, most, widths):
        super().__init__()
        self.count, self.radius, self.most = count, radius, most
        self.mlps = nn.ModuleList([Shared(width + 3, widths, nn.Conv2d)])

    def forward(self, features, coords):
        centers = at(coords, furthest_points(coords, self.count))
        near = ball(centers, coords, self.radius, self.most)
        around = torch.cat([at(coords, near) - centers[..., None], at(features, near)], 1)
        return self.mlps[0](around).amax(-1), centers


class Propagation(nn.Module):
    def __init__(self, width, widths):
        super().__init__()
        self.mlp = Shared(width, widths)


def layers(level, conv):
    """Below the first level the published constructor makes one convolution, whatever the number says."""
    return conv[1] if level == 0 else 1


class Pvcnn2(nn.Module):
    def __init__(self):
        super().__init__()
        down, up, width, skips = [], [], 3, []
        for level, (conv, (count, radius, most, widths)) in enumerate(DOWN):
            skips.append(width)
            parts, taken = [], width + (EMBED if level else 0)
            if conv:
                for part in range(layers(level, conv)):
                    parts.append(PointVoxel(taken, conv[0], conv[2], level % 2 == 1 and part == 0))
                    taken = conv[0]
            parts.append(Abstraction(taken, count, radius, most, widths))
            width = widths[-1]
            down.append(nn.Sequential(*parts) if len(parts) > 1 else parts[0])
        self.sa_layers = nn.ModuleList(down)
        self.global_att = Attends(width, nn.Conv1d)
        skips[0] = 0
        for level, (widths, conv) in enumerate(UP):
            parts = [Propagation(width + skips[-1 - level] + EMBED, widths)]
            width = widths[-1]
            for _ in range(conv[1]):
                parts.append(PointVoxel(width, conv[0], conv[2], False))
                width = conv[0]
            up.append(nn.Sequential(*parts))
        self.fp_layers = nn.ModuleList(up)
        self.classifier = nn.Sequential(Shared(width, [HEAD]), nn.Dropout(0.1), nn.Conv1d(HEAD, 3, 1))
        self.embedf = nn.Sequential(nn.Linear(EMBED, EMBED), nn.LeakyReLU(0.1), nn.Linear(EMBED, EMBED))

    def forward(self, x, t):
        half = EMBED // 2
        rates = torch.from_numpy(np.exp(np.arange(half) * -(np.log(10000) / (half - 1)))).float()
        angles = t[:, None] * rates[None]
        time = self.embedf(torch.cat([angles.sin(), angles.cos()], 1))[:, :, None].expand(-1, -1, x.shape[2])
        features, coords, skips = x, x, []
        for level, parts in enumerate(self.sa_layers):
            skips.append((features, coords))
            if level:
                features = torch.cat([features, time], 1)
            *convolutions, last = parts if isinstance(parts, nn.Sequential) else [parts]
            for convolution in convolutions:
                features = convolution(features, coords)
            # The published code groups and pools the embedding too, of which all columns are the same.
            features, coords = last(features, coords)
            time = time[:, :, :1].expand(-1, -1, coords.shape[2])
        features = self.global_att(features)
        for level, (first, *convolutions) in enumerate(self.fp_layers):
            beside, finer = skips[-1 - level]
            joined = interpolated(finer, coords, torch.cat([features, time], 1))
            coords, time = finer, time[:, :, :1].expand(-1, -1, finer.shape[2])
            features = first.mlp(joined if level == 3 else torch.cat([joined, beside], 1))
            for convolution in convolutions:
                features = convolution(features, coords)
        return self.classifier(features)


def network():
    model = Pvcnn2().eval().requires_grad_(False)
    tensors = []
    for key, parameter in model.state_dict().items():
        name = "model.module." + key
        matrix = parameter.dim() > 1
        norm = parameter.dim() == 1 and key.endswith("weight")
        scale = (3 / parameter[0].numel()) ** 0.5 if matrix else 0.2
        tensors.append({"name": name, "shape": list(parameter.shape), "scale": float(np.float32(scale)), "shift": 1.0 if norm else 0.0})
        value = numbers(name, tuple(parameter.shape)) * np.float32(scale) + np.float32(1.0 if norm else 0.0)
        parameter.copy_(torch.from_numpy(value))
    return model, tensors


def config():
    """This network as Weir describes one. Its files become folders with the published numbers of points and voxels."""
    down, up = [], []
    for level, (conv, (count, radius, most, widths)) in enumerate(DOWN):
        grid = {"channels": conv[0], "layers": layers(level, conv), "resolution": conv[2]} if conv else {}
        down.append(grid | {"num_centers": count, "radius": radius, "num_neighbors": most, "set_channels": widths})
    for widths, conv in UP:
        up.append({"set_channels": widths, "channels": conv[0], "layers": conv[1], "resolution": conv[2]})
    return {"_class_name": "PVCNN2", "num_points": POINTS, "time_embed_dim": EMBED, "head_channels": HEAD, "mean": [0, 0, 0], "std": 1,
            "down_blocks": down, "up_blocks": up}


# ---- the sampler: DDPM with the smaller of the fixed variances, and nothing clipped


def betas(schedule, count):
    """Of the published training: "linear" for chairs and cars, "warm0.1" for aeroplanes."""
    if schedule == "linear":
        return np.linspace(1e-4, 0.02, count)
    values = np.full(count, 0.008)
    warm = int(count * 0.1)
    values[:warm] = np.linspace(1e-5, 0.008, warm)
    return values


def run(model, schedule, count, seed):
    b = betas(schedule, count)
    a = torch.from_numpy(np.cumprod(1.0 - b)).float()
    before = torch.cat([torch.ones(1), a[:-1]])
    b, alphas = torch.from_numpy(b).float(), torch.from_numpy(1.0 - b).float()
    source = generator(seed)
    x = torch.randn([1, 3, POINTS], generator=source)
    steps, predicted = [x], []
    for t in reversed(range(count)):
        eps = model(x, torch.tensor([t]))
        predicted.append(eps)
        clean = torch.sqrt(1 / a[t]) * x - torch.sqrt(1 / a[t] - 1) * eps
        x = b[t] * before[t].sqrt() / (1 - a[t]) * clean + (1 - before[t]) * alphas[t].sqrt() / (1 - a[t]) * x
        if t:
            variance = (b[t] * (1 - before[t]) / (1 - a[t])).clamp_min(1e-20)
            x = x + torch.exp(0.5 * torch.log(variance)) * torch.randn([1, 3, POINTS], generator=source)
        steps.append(x)
    return steps, predicted


def main():
    model, tensors = network()
    save_json(HOME / "config.json", config())
    save_cases(HOME / "networks.json", [{"name": "pvcnn2", "tensors": tensors}])
    source = generator(5)
    sample = torch.randn([1, 3, POINTS], generator=source)
    shape = torch.tensor([0.2, 1.0, 0.6])[:, None] * F.normalize(torch.randn([1, 3, POINTS], generator=source), dim=1)
    both = torch.cat([sample, shape])
    output = model(both, torch.tensor([900, 3]))
    margins.clear()
    linear, predicted = run(model, "linear", STEPS, 7)
    assert min(margins) > LEAST_MARGIN, f"a choice is {min(margins):.1e} from another one: take another seed"
    save_tensors(HOME / "io.safetensors", {
        "sample": both, "output": output, "noise": linear[0], "steps": torch.cat(linear[1:]),
        "predicted": torch.cat(predicted)})
    save_tensors(HOME / "betas.safetensors", {name: torch.from_numpy(betas(name, 1000)).float() for name in ("linear", "warm0.1")})


if __name__ == "__main__":
    main()
