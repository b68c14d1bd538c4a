"""The network of docs/network.md in PyTorch, as fast as PyTorch can be made to run it: what our speed is compared with.

Layout. Tokens lie as (B, down, across, C). For convolutions that is the channels-last format, in which depth-wise
convolution is a hundred times as fast as in PyTorch's default one. An LSTM is fastest time-major; along columns of one
image that is how tokens lie, otherwise a transposing copy in front and a strided addition behind are part of the work.
The head as a matrix product and `fold` takes half the time of `conv_transpose2d`.
"""
import json

import torch
import torch.nn.functional as F
from safetensors import safe_open

EPSILON = 1e-5
TOLERANCE = 0.01  # of the loss, in the network's units


def load(path):
    """The configuration and the tensors of a model file."""
    with safe_open(path, framework="pt") as file:
        config = json.loads(file.metadata()["config"])
        return config, {name: file.get_tensor(name) for name in file.keys()}


def suffixes(config):
    return ["", "_reverse"] if config["bidirectional"] else [""]


def channels_last(weight):
    return weight.contiguous(memory_format=torch.channels_last)


def embed(config, images, weight, bias):
    """(B, rows, columns) to tokens (B, down, across, C)."""
    edge = (config["window"] - config["patch"]) // 2
    padded = F.pad(images[:, None], [edge] * 4, mode="reflect") if edge else images[:, None]
    s = F.conv2d(channels_last(padded), weight, bias, stride=config["patch"])
    return s.permute(0, 2, 3, 1)


def mix(config, tokens, weight, bias):
    planes = tokens.permute(0, 3, 1, 2)
    mixed = F.conv2d(planes, weight, bias, padding=config["mixing"] // 2, groups=config["channels"])
    return tokens + mixed.permute(0, 2, 3, 1)


def head(config, tokens, weight, bias):
    batch, down, across, channels = tokens.shape
    patch, window = config["patch"], config["window"]
    windows = tokens.reshape(batch, down * across, channels) @ weight.reshape(channels, window * window)
    size = (down * patch, across * patch)
    return F.fold(windows.transpose(1, 2), size, window, padding=(window - patch) // 2, stride=patch)[:, 0] + bias


def lstm(config, x, weights, train):
    """x (steps, sequences, C) to (steps, sequences, D·H); weights in the order of nn.LSTM, which calls the same."""
    zero = x.new_zeros(len(suffixes(config)), x.shape[1], config["hidden"])
    return torch.lstm(x, (zero, zero), weights, True, 1, 0.0, train, config["bidirectional"], False)[0]


def along_rows(tokens, scan):
    """tokens + scan along token rows; `scan` takes and gives (steps, sequences, C)."""
    batch, down, across, channels = tokens.shape
    sequences = tokens.reshape(batch * down, across, channels)
    out = scan(sequences.transpose(0, 1).contiguous())
    return tokens + out.transpose(0, 1).reshape(batch, down, across, channels)


def along_columns(tokens, scan):
    batch, down, across, channels = tokens.shape
    if batch == 1:
        return tokens + scan(tokens[0])[None]
    out = scan(tokens.transpose(0, 1).reshape(down, batch * across, channels))
    return tokens + out.view(down, batch, across, channels).transpose(0, 1)


def network(config, p, scan, images):
    """All stages; `scan(prefix, x)` is a scan and its projection."""
    s = embed(config, images, p["embed.weight"], p["embed.bias"])
    for block in range(config["blocks"]):
        prefix = f"blocks.{block}."
        if config["mixing"]:
            s = mix(config, s, p[prefix + "mix.weight"], p[prefix + "mix.bias"])
        s = along_rows(s, lambda x: scan(prefix + "rows.", x))
        s = along_columns(s, lambda x: scan(prefix + "columns.", x))
    return head(config, s, p["head.weight"], p["head.bias"])


def folded_scan(config, p, prefix):
    """Weights of one scan in nn.LSTM's order, batch normalization folded into them."""
    weights = []
    for s in suffixes(config):
        weight, bias = p[prefix + "weight_ih_l0" + s], p[prefix + "bias_ih_l0" + s]
        if config["normalization"] == "sequence":
            scale = p[prefix + "norm.weight" + s] * (p[prefix + "norm.running_var" + s] + EPSILON).rsqrt()
            weight, bias = weight * scale[:, None], bias - scale * p[prefix + "norm.running_mean" + s]
        weights += [weight, p[prefix + "weight_hh_l0" + s], bias, torch.zeros_like(bias)]
    return weights


class Scan:
    """The first row scan of a network alone, without its projection: (steps, sequences, C) to (…, D·H)."""

    def __init__(self, path):
        self.config, p = load(path)
        self.weights = folded_scan(self.config, p, "blocks.0.rows.")

    @torch.inference_mode()
    def __call__(self, x):
        return lstm(self.config, x, self.weights, False)


class Inference:
    """The whole network with running statistics: (B, rows, columns) to the noise in it."""

    def __init__(self, path):
        self.config, self.p = load(path)
        self.scans = {}
        for block in range(self.config["blocks"]):
            for name in [f"blocks.{block}.rows.", f"blocks.{block}.columns."]:
                self.scans[name] = folded_scan(self.config, self.p, name)
        for name, tensor in self.p.items():
            if tensor.dim() == 4:
                self.p[name] = channels_last(tensor)

    def scan(self, name, x):
        states = lstm(self.config, x, self.scans[name], False)
        return F.linear(states, self.p[name + "project.weight"], self.p[name + "project.bias"])

    def compile(self):
        """By torch.compile, which takes LSTMs only if asked to; the first call then takes a while."""
        # Not at the top: they take a while to load, and peer_denoise.py has no use for them.
        import torch._dynamo
        import torch._inductor.config

        torch._dynamo.config.allow_rnn = True
        # No processes beside this one, whose time would count as somebody else's.
        torch._inductor.config.compile_threads = 1
        self.forward = torch.compile(self.forward)

    @torch.inference_mode()
    def __call__(self, images):
        return self.forward(images)

    def forward(self, images):
        return network(self.config, self.p, self.scan, images)


def batch_statistics_from_covariance(x, weight):
    """Mean and biased variance of each gate of `W x` over all positions, without computing `W x`.

    mean(W x) = W mean(x), var(W x) = diag(W cov(x) Wᵀ): a C×C matrix instead of 8H values a position.
    """
    flat = x.reshape(-1, x.shape[-1])
    middle = flat.mean(0)
    centred = flat - middle
    covariance = centred.T @ centred / len(flat)
    return weight @ middle, (weight @ covariance * weight).sum(1)


def batch_statistics_from_gates(x, weight):
    """The same from `W x` itself."""
    z = F.linear(x.reshape(-1, x.shape[-1]), weight)
    variance, mean = torch.var_mean(z, 0, correction=0)
    return mean, variance


class Training:
    """A step without its end (no Adam): forward with batch statistics, loss, gradients of all parameters.

    PyTorch's LSTM has a fast kernel for forward and backward, but none with normalization inside. So statistics of W x
    are computed first, differentiably, and folded into effective weights diag(γ/σ) W and biases b − γ μ/σ, through
    which gradients flow. Tried for the statistics: from the gates, and from the covariance of x, which is faster.
    """

    def __init__(self, path, statistics=batch_statistics_from_covariance):
        self.config, tensors = load(path)
        self.statistics = statistics
        self.running = {name: t for name, t in tensors.items() if ".running_" in name}
        self.p = {
            name: (channels_last(t) if t.dim() == 4 else t).requires_grad_()
            for name, t in tensors.items() if name not in self.running
        }

    def scan(self, prefix, x):
        config, p = self.config, self.p
        weights = []
        names = suffixes(config)
        if config["normalization"] == "sequence":
            # In full precision under autocast, too, as PyTorch's own batch normalization is.
            with torch.autocast("cpu", enabled=False):
                weight = torch.cat([p[prefix + "weight_ih_l0" + s] for s in names])
                mean, variance = self.statistics(x.float(), weight)
                scale = torch.cat([p[prefix + "norm.weight" + s] for s in names]) * (variance + EPSILON).rsqrt()
                bias = torch.cat([p[prefix + "bias_ih_l0" + s] for s in names]) - scale * mean
                inputs = (weight * scale[:, None]).chunk(len(names))
                biases = bias.chunk(len(names))
            with torch.no_grad():
                n = x.shape[0] * x.shape[1]
                for s, m, v in zip(names, mean.chunk(len(names)), variance.chunk(len(names))):
                    self.running[prefix + "norm.running_mean" + s].lerp_(m, config["momentum"])
                    self.running[prefix + "norm.running_var" + s].lerp_(v * (n / (n - 1)), config["momentum"])
        else:
            inputs = [p[prefix + "weight_ih_l0" + s] for s in names]
            biases = [p[prefix + "bias_ih_l0" + s] for s in names]
        for s, weight, bias in zip(names, inputs, biases):
            weights += [weight, p[prefix + "weight_hh_l0" + s], bias, torch.zeros_like(bias)]
        states = lstm(config, x, weights, True)
        return F.linear(states, p[prefix + "project.weight"], p[prefix + "project.bias"])

    def forward(self, images):
        return network(self.config, self.p, self.scan, images)

    def __call__(self, images, target):
        for parameter in self.p.values():
            parameter.grad = None
        estimate = self.forward(images).float()
        squared = (estimate - target).square().flatten(1).mean(1)
        loss = (squared + TOLERANCE**2).log().mean()
        loss.backward()
        return loss

    def gradients(self):
        return {name: parameter.grad for name, parameter in self.p.items()}
