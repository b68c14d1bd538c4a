"""Runs PyTorch, scikit-image, Pillow and tifffile for bench.py, by the line protocol of Probe/Probe.swift."""
import contextlib
import json
import resource
import sys
import time

import numpy as np
import tifffile
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage.metrics import structural_similarity
from skimage.transform import iradon, radon
from skimage.util import random_noise

import peers


def memory(field):
    """A field of this process's status in bytes; where there is no such file, the most there ever was of it."""
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def read_floats(path, *shape):
    return np.fromfile(path, "<f4").reshape(shape)


class Case:
    """Something that was set up; `result` is what the last run computed."""

    def __init__(self, setup):
        self.setup = setup
        self.threads = setup.get("threads", 1)
        self.result = None
        self.function = getattr(self, setup["kind"].replace(" ", "_"))(setup)

    def run(self):
        with torch.autocast("cpu", torch.bfloat16) if self.setup.get("autocast") else contextlib.nullcontext():
            self.result = self.function()

    def scan(self, setup):
        scan = peers.Scan(setup["model"])
        x = read_floats(setup["input"], setup["rows"], setup["columns"], -1)
        # Time-major, which is what PyTorch is fastest with; not counted.
        x = torch.from_numpy(x).transpose(0, 1).contiguous()
        return lambda: scan(x)

    def network(self, setup):
        network = peers.Inference(setup["model"])
        image = torch.from_numpy(read_floats(setup["input"], 1, setup["rows"], setup["columns"]))
        if setup.get("compiled"):
            # What is compiled is for so many threads; the first runs compile it.
            torch.set_num_threads(self.threads)
            network.compile()
            for _ in range(3):
                network(image)
        return lambda: network(image)

    def training(self, setup):
        statistics = setup.get("statistics", "covariance")
        self.step = peers.Training(setup["model"], getattr(peers, "batch_statistics_from_" + statistics))
        shape = (setup["batch"], setup["rows"], setup["columns"])
        images = torch.from_numpy(read_floats(setup["input"], *shape))
        target = torch.from_numpy(read_floats(setup["target"], *shape))
        return lambda: self.step(images, target)

    def similarity(self, setup):
        shape = (setup["rows"], setup["columns"])
        # It computes in the type that it is given.
        type = np.float32 if setup.get("float32") else np.float64
        reference, test = (read_floats(setup[name], *shape).astype(type) for name in ["input", "target"])
        options = {"data_range": setup["dataRange"]}
        if setup["window"] == "gaussian":
            options.update(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        return lambda: structural_similarity(reference, test, **options)

    def noise(self, setup):
        image = read_floats(setup["input"], setup["rows"], setup["columns"])
        generator, sigma = np.random.default_rng(1), np.float32(setup["sigma"])
        if setup["with"] == "NumPy":
            return lambda: image + sigma * generator.standard_normal(image.shape, dtype=np.float32)
        if setup["with"] == "scikit-image":
            # As a file has it, and what it does if nothing else is said: to float64, and clipped to 0…1.
            image = (65535 * image).astype(np.uint16)
            return lambda: random_noise(image, var=float(sigma) ** 2, rng=generator)
        return lambda: random_noise(image, var=float(sigma) ** 2, clip=False, rng=generator)

    def angles(self, setup):
        # It turns the other way round than ours.
        return -np.arange(setup["views"]) * 180 / setup["views"]

    def projection(self, setup):
        image, angles = read_floats(setup["input"], setup["rows"], setup["columns"]), self.angles(setup)
        return lambda: radon(image, angles, circle=False).T

    def reconstruction(self, setup):
        views, angles = read_floats(setup["input"], setup["views"], -1).T, self.angles(setup)
        # Its filter is the ramp of Ramachandran and Lakshminarayanan.
        return lambda: iradon(views, angles, output_size=setup["rows"], circle=False)

    def read_with_Pillow(self, setup):
        def read():
            with Image.open(setup["input"]) as image:
                return np.asarray(image)

        return read

    def read_with_tifffile(self, setup):
        return lambda: tifffile.imread(setup["input"])

    def write(self, path):
        if self.setup["kind"] == "training":
            tensors = {**self.step.gradients(), **self.step.running}
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
            return
        result = self.result
        if isinstance(result, torch.Tensor):
            result = (result.transpose(0, 1) if self.setup["kind"] == "scan" else result).float().numpy()
        np.asarray(result, "<f4").tofile(path)


def answer(request, cases, starting_bytes):
    command, name = request["command"], request.get("name")
    if command == "prepare":
        cases[name] = Case(request["setup"])
    elif command == "run":
        case, repeats = cases[name], request.get("repeats", 1)
        if torch.get_num_threads() != case.threads:
            torch.set_num_threads(case.threads)
        begin = time.perf_counter()
        for _ in range(repeats):
            case.run()
        return {"milliseconds": (time.perf_counter() - begin) * 1e3 / repeats}
    elif command == "write":
        cases[name].write(request["path"])
    elif command == "memory":
        return {"grownBytes": memory("VmHWM:") - starting_bytes}
    else:
        raise ValueError(f"no command '{command}'")
    return {}


def main():
    cases, starting_bytes = {}, memory("VmRSS:")
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), cases, starting_bytes)
        except Exception as error:  # whatever it is, the harness is to tell it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


main()
