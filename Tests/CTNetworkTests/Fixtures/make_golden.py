"""Makes golden-*.safetensors: the scanning network in PyTorch, outputs and gradients of small configurations.

    python make_golden.py        (PyTorch 2.x; writes beside itself)

Everything is computed in float64 from numbers that float32 holds exactly; what is stored is rounded to float32.
A file holds the parameters and statistics under their own names, and

    input, weights        (B, R, S); the loss is sum(weights * noise)
    output.batch          noise with the batch's statistics      output.running    with the running ones
    gradient.batch.NAME   gradient of the loss by NAME           gradient.running.NAME
    updated.NAME          running statistics after one forward with the batch's
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F

EPSILON = 1e-5
torch.set_default_dtype(torch.float64)


def rounded(tensor):
    return tensor.float().double()


def layout(c):
    """Names and shapes of parameters and of statistics."""
    w, C, H, k = c["window"], c["channels"], c["hidden"], c["mixing"]
    suffixes = ["", "_reverse"] if c["bidirectional"] else [""]
    parameters, statistics = {"embed.weight": (C, 1, w, w), "embed.bias": (C,)}, {}
    for block in range(c["blocks"]):
        if k:
            parameters[f"blocks.{block}.mix.weight"] = (C, 1, k, k)
            parameters[f"blocks.{block}.mix.bias"] = (C,)
        for scan in ["rows", "columns"]:
            prefix = f"blocks.{block}.{scan}."
            for s in suffixes:
                parameters[prefix + "weight_ih_l0" + s] = (4 * H, C)
                parameters[prefix + "weight_hh_l0" + s] = (4 * H, H)
                parameters[prefix + "bias_ih_l0" + s] = (4 * H,)
                if c["normalization"] == "sequence":
                    parameters[prefix + "norm.weight" + s] = (4 * H,)
                    statistics[prefix + "norm.running_mean" + s] = (4 * H,)
                    statistics[prefix + "norm.running_var" + s] = (4 * H,)
            parameters[prefix + "project.weight"] = (C, len(suffixes) * H)
            parameters[prefix + "project.bias"] = (C,)
    parameters["head.weight"] = (C, 1, w, w)
    parameters["head.bias"] = (1,)
    return parameters, statistics


def lstm(a, weight):
    """h of every step from pre-activations a (sequences, steps, 4H) without their recurrent part."""
    hidden = weight.shape[1]
    h = c = torch.zeros(a.shape[0], hidden)
    outputs = []
    for step in range(a.shape[1]):
        i, f, g, o = (a[:, step] + h @ weight.T).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def scan(c, p, statistics, updated, prefix, x):
    """x (sequences, steps, C) plus the projected scan along steps."""
    outputs = []
    for s in ["", "_reverse"] if c["bidirectional"] else [""]:
        a = x @ p[prefix + "weight_ih_l0" + s].T
        if c["normalization"] == "sequence":
            mean = statistics[prefix + "norm.running_mean" + s].clone()
            variance = statistics[prefix + "norm.running_var" + s].clone()
            a = F.batch_norm(
                a.flatten(0, 1), mean, variance, p[prefix + "norm.weight" + s], None, training=updated is not None,
                momentum=c["momentum"], eps=EPSILON).view_as(a)
            if updated is not None:
                updated[prefix + "norm.running_mean" + s] = mean
                updated[prefix + "norm.running_var" + s] = variance
        a = a + p[prefix + "bias_ih_l0" + s]
        outputs.append(lstm(a.flip(1), p[prefix + "weight_hh_l0" + s]).flip(1) if s else lstm(
            a, p[prefix + "weight_hh_l0" + s]))
    h = torch.cat(outputs, dim=2)
    if c["normalization"] == "none":  # torch's own LSTM agrees
        own = torch.nn.LSTM(c["channels"], c["hidden"], batch_first=True, bidirectional=c["bidirectional"])
        with torch.no_grad():
            for name, value in own.named_parameters():
                value.copy_(torch.zeros_like(value) if "bias_hh" in name else p[prefix + name])
            assert (own(x)[0] - h).abs().max() < 1e-12
    return x + h @ p[prefix + "project.weight"].T + p[prefix + "project.bias"]


def noise(c, p, statistics, updated, x):
    """The network; running statistics if `updated` is None."""
    o = (c["window"] - c["patch"]) // 2
    padded = F.pad(x[:, None], [o] * 4, mode="reflect") if o else x[:, None]
    s = F.conv2d(padded, p["embed.weight"], p["embed.bias"], stride=c["patch"])
    B, C, down, across = s.shape
    for block in range(c["blocks"]):
        prefix = f"blocks.{block}."
        if c["mixing"]:
            s = s + F.conv2d(
                s, p[prefix + "mix.weight"], p[prefix + "mix.bias"], padding=c["mixing"] // 2, groups=C)
        rows = s.permute(0, 2, 3, 1).reshape(B * down, across, C)
        rows = scan(c, p, statistics, updated, prefix + "rows.", rows).view(B, down, across, C)
        columns = rows.permute(0, 2, 1, 3).reshape(B * across, down, C)
        columns = scan(c, p, statistics, updated, prefix + "columns.", columns).view(B, across, down, C)
        s = columns.permute(0, 3, 2, 1)
    return F.conv_transpose2d(s, p["head.weight"], p["head.bias"], stride=c["patch"], padding=o)[:, 0]


def write(path, tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    values = b"".join(t.detach().contiguous().float().numpy().astype("<f4").tobytes() for t in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


def make(name, batch, rows, columns, **changes):
    c = dict(
        patch=2, window=6, channels=8, hidden=5, blocks=2, mixing=3, bidirectional=True, normalization="sequence",
        momentum=0.1, center=-300, spread=500)
    c.update(changes)
    torch.manual_seed(1)
    parameter_shapes, statistic_shapes = layout(c)
    p, statistics = {}, {}
    for n, shape in parameter_shapes.items():
        fan = 1
        for side in shape[1:]:
            fan *= side
        value = torch.randn(shape) * (fan**-0.5 if len(shape) > 1 else 0.3)
        p[n] = rounded(value + 0.8 if "norm.weight" in n else value)
    for n, shape in statistic_shapes.items():
        statistics[n] = rounded(torch.rand(shape) + 0.5 if "running_var" in n else 0.3 * torch.randn(shape))
    x = rounded(torch.randn(batch, rows, columns))
    weights = rounded(torch.randn(batch, rows, columns))
    tensors = {**p, **statistics, "input": x, "weights": weights}
    for mode in ["batch", "running"]:
        if mode == "batch" and not statistics:
            continue
        leaves = {n: v.clone().requires_grad_() for n, v in p.items()}
        updated = {} if mode == "batch" else None
        output = noise(c, leaves, statistics, updated, x)
        (weights * output).sum().backward()
        tensors["output." + mode] = output
        tensors.update({f"gradient.{mode}.{n}": v.grad for n, v in leaves.items()})
        tensors.update({f"updated.{n}": v for n, v in (updated or {}).items()})
    made = f"make_golden.py, PyTorch {torch.__version__.split('+')[0]}"
    metadata = {"config": json.dumps(c), "batch": str(batch), "made": made}
    write(pathlib.Path(__file__).parent / f"golden-{name}.safetensors", tensors, metadata)


make("full", 2, 12, 16)
make("plain", 2, 5, 7, patch=1, window=3, channels=5, hidden=3, blocks=1, mixing=0, bidirectional=False,
     normalization="none")
make("coarse", 1, 8, 12, patch=4, window=6, channels=6, hidden=4, blocks=1, mixing=5, normalization="none")
make("one-way", 2, 6, 4, patch=2, window=2, channels=3, hidden=9, blocks=1, mixing=0, bidirectional=False)
