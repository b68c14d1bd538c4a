"""Seconds a slice, side by side: every contestant has one turn a round, on the same slice, every second
round backwards. Files that only some read and write do not count but where the table says so."""
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch

import rivals
from kinds import KINDS
from slices import read_noisy

# After its turn a process may spin for a while in wait for more work; nobody else's turn begins before that ends.
PAUSE = 0.05
KIND = next(kind for kind in KINDS if kind.name == "white 25")
SLICES_OF_PROGRAM = 6


class Probe:
    """The network alone, from array to array, by `ctdenoise-probe`, which `make bench` builds beside the program."""

    def __init__(self, path, model, image, folder, threads):
        config = model_config(model)
        source = folder / "probe_input"
        ((image - config["center"]) / config["spread"]).astype("<f4").tofile(source)
        self.process = subprocess.Popen(
            [str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        rows, columns = image.shape
        self.ask(command="prepare", name="network", setup={
            "kind": "network", "model": str(model), "input": str(source), "rows": rows, "columns": columns,
            "threads": threads})

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        reply = json.loads(self.process.stdout.readline() or '{"error": "it ended"}')
        if "error" in reply:
            raise SystemExit(f"ctdenoise-probe: {reply['error']}")
        return reply

    def __call__(self):
        return self.ask(command="run", name="network")["milliseconds"] / 1e3

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Installed:
    """DnCNN in a process without what `scripts/quality.sh` tells the C library: PyTorch as people have it."""

    def __init__(self, precision, shape, folder, threads):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        command = [sys.executable, "-B", Path(__file__).with_name("dncnn_worker.py"), *shape, threads, precision]
        self.process = subprocess.Popen(
            [str(part) for part in command + ([folder] if folder else [])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, env=environment)

    def __call__(self):
        self.process.stdin.write("\n")
        reply = self.process.stdout.readline()
        if not reply:
            raise SystemExit("dncnn_worker.py: it ended")
        return float(reply)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def model_config(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["config"])


def timed(function):
    """Makes a function give the seconds that it took."""
    def run():
        begin = time.perf_counter()
        function()
        return time.perf_counter() - begin

    return run


def dncnn_contestants(network, image):
    """Both memory formats and both precisions. They compute the noise; subtracting it does not count."""
    contestants = {}
    for label, layout in [("", torch.contiguous_format), (", channels last", torch.channels_last)]:
        arranged = rivals.dncnn.DnCNN()
        arranged.load_state_dict(network.state_dict())
        arranged = arranged.eval().to(memory_format=layout)
        tensor = torch.from_numpy(image.astype(np.float32))[None, None].contiguous(memory_format=layout)
        for precision in ["fp32", "bf16 autocast"]:
            @torch.inference_mode()
            def run(network=arranged, tensor=tensor, is_bf16=precision != "fp32"):
                with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
                    network(tensor)

            contestants[f"DnCNN, PyTorch {precision}{label}"] = timed(run)
    return contestants


def program_contestant(ours, slices, out):
    """The program on a folder: start, reading, denoising and writing, divided by the slices."""
    source = out / "timing"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    for slice in slices:
        link = source / f"{slice.patient}_{slice.name}.tiff"
        link.symlink_to(slice.noisy_path(out, KIND).resolve())
    run = timed(lambda: ours.run(source, out / "timing_denoised"))
    return lambda: run() / len(slices)


def cpus_apart():
    """The CPUs that this process may use, those of cores apart first."""
    def rank(cpu):
        path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        first = int(re.split("[,-]", path.read_text().strip())[0]) if path.exists() else cpu
        return cpu != first, cpu

    return sorted(os.sched_getaffinity(0), key=rank)


@contextlib.contextmanager
def limited_to(count):
    """Lets this process and its children run on so many CPUs only: not everyone can be told how many threads to use.
    Only Linux has that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)

    def set_all(cpus):
        # Of this thread alone, it would leave out those that libraries have started.
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cpus)

    set_all(cpus_apart()[:count])
    try:
        yield
    finally:
        set_all(before)


def measure_seconds(all_ours, slices, dncnn_folder, out, threads, rounds):
    """Medians over rounds in seconds, by contestant; ours first."""
    with limited_to(threads):
        return measure_rounds(all_ours, slices, dncnn_folder, out, threads, rounds)


def measure_rounds(all_ours, slices, dncnn_folder, out, threads, rounds):
    torch.set_num_threads(threads)
    shapes = Counter(slice.clean.shape for slice in slices)
    shape = (512, 512) if (512, 512) in shapes else shapes.most_common(1)[0][0]
    large = [slice for slice in slices if slice.clean.shape == shape][:SLICES_OF_PROGRAM]
    # The network alone takes whole patches.
    image = read_noisy(large[0], KIND, out)[: shape[0] // 4 * 4, : shape[1] // 4 * 4]
    shown = (image + 300) / 500
    contestants, probes = {}, []
    for ours in all_ours:
        probe = ours.program.with_name("ctdenoise-probe")
        if probe.exists():
            probes.append(Probe(probe, ours.model_file, image, out, threads))
            contestants[f"{ours.label}, network alone"] = probes[-1]
        else:
            print(f"no {probe}: the network alone is not timed", flush=True)
        for slice in large:
            read_noisy(slice, KIND, out)
        contestants[f"{ours.label}, whole program"] = program_contestant(ours, large, out)
    network = rivals.Learned(dncnn_folder).network if dncnn_folder else rivals.dncnn.DnCNN()
    for precision, label in [("fp32", "fp32"), ("bf16", "bf16 autocast")]:
        probes.append(Installed(precision, image.shape, dncnn_folder, threads))
        contestants[f"DnCNN, PyTorch {label}, as installed"] = probes[-1]
    contestants |= dncnn_contestants(network, shown)
    contestants["BM3D"] = timed(lambda: rivals.block_matching(image, KIND))
    contestants["NLM"] = timed(lambda: rivals.non_local_means(image, KIND, h=0.6))
    contestants["TV"] = timed(lambda: rivals.total_variation(image, KIND, weight=0.8))

    times = {name: [] for name in contestants}
    # The first round warms up.
    for turn in range(rounds + 1):
        for name in list(contestants) if turn % 2 == 0 else reversed(contestants):
            seconds = contestants[name]()
            if turn > 0:
                times[name].append(seconds)
            time.sleep(PAUSE)
        print(f"timing: round {turn} of {rounds}", flush=True)
    for probe in probes:
        probe.end()
    return {
        name: {"median": statistics.median(values), "all": values, "shape": shape} for name, values in times.items()}
