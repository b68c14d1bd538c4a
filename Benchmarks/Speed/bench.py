#!/usr/bin/env python3
"""Measures ctdenoise side by side with PyTorch and others, and prints tables in Markdown. `make bench` runs it.

Every contestant is a process of its own that waits while another has its turn. In each round each contestant has one
turn, and every second round goes backwards; what is told is the median over rounds. Results are compared first, and
if they differ by more than rounding nothing is measured.
"""
import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = ROOT / "Sources/CBundledModels/default.safetensors"


class Variant(NamedTuple):
    """A way of ours to compute."""

    isa: str  # as the environment variable CTDENOISE_ISA names it
    precision: str  # as the probe names it: another one than this means that the CPU lacks it
    arguments: list  # of the probe and of the program
    peak: str  # the kind of peak that it is compared with
    bound: float  # by how much results may differ from PyTorch's, in the network's units

    @property
    def environment(self):
        return {"CTDENOISE_ISA": self.isa}


FAST = ["--precision", "fast"]
# The best first. What the CPU or the program lacks is left out.
VARIANTS = {
    "amx-fast": Variant("amx", "bf16", FAST, "amx-bf16", 0.1),
    "amx": Variant("amx", "bf16, three products for one", [], "amx-bf16", 1e-4),
    "avx512-fast": Variant("avx512", "bf16", FAST, "avx512-bf16", 0.1),
    "avx512": Variant("avx512", "single precision", [], "avx512", 1e-4),
    "avx2": Variant("avx2", "single precision", [], "avx2", 1e-4),
    "baseline": Variant("baseline", "single precision", [], "baseline", 1e-4),
}
# glibc gives large blocks back to the system at once, and PyTorch pays for that with page faults in every operation.
# With these, which hardly anybody sets, it keeps them. A high MALLOC_MMAP_THRESHOLD_ would do the same, but before
# version 2.35 glibc silently ignores one above 32 MB.
KEPT = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
PEERS = {"PyTorch": {}}
if platform.libc_ver()[0] == "glibc":
    PEERS["PyTorch, memory kept"] = KEPT
# After its turn a process may spin for a while in wait for more work; nobody else's turn begins before that ends.
PAUSE = 0.05
# A time in which other processes took more of the machine than this does not count, if there is enough else:
# PyTorch's threads wait for each other in a loop, so that it suffers far more than a contestant that does not.
QUIET = 0.04
# Linux counts a process's time in ticks of 10 ms: over less than this many seconds the share above means nothing.
JUDGED = 1.0
# Parts of the work that a profile tells apart, by names of functions.
PARTS = {
    "products with LSTM cells, forward": r"_lstm_forward",
    "LSTM cells, backward": r"_lstm_backward",
    "other matrix products": r"_gemm",
    "convolutions": r"_mix_|ct_windows_",
}


class Failure(Exception):
    """What the user is told."""


class Program:
    """A process that runs cases: our probe or the worker of the peers."""

    def __init__(self, label, command, environment):
        self.label = label
        # Not a pipe: who fills one that nobody reads waits forever.
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(part) for part in command], env={**os.environ, **environment}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.complaints, text=True, bufsize=1)

    def ask(self, command, **request):
        try:
            self.process.stdin.write(json.dumps({"command": command, **request}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        reply = json.loads(line) if line else {"error": f"it ended. {self.last_words()}"}
        if "error" in reply:
            asked = " ".join([command, request.get("name", "")]).strip()
            raise Failure(f"{self.label}: {asked}: {reply['error']}")
        return reply

    def last_words(self):
        """What it wrote to standard error last, once it has ended."""
        self.process.wait()
        self.complaints.seek(0)
        return self.complaints.read()[-2000:].strip()

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.complaints.close()

    def cpu_seconds(self):
        if self.process.poll() is not None:
            return 0.0
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Contestant:
    """A case in a program, and what is known about it."""

    def __init__(self, program, case, setup, repeats=1, label=None, peak=None, bound=None):
        self.label = label or program.label
        self.program, self.repeats, self.peak, self.bound = program, repeats, peak, bound
        self.name = f"{case}, {self.label}"
        self.times = ()
        program.ask("prepare", name=self.name, setup=setup)

    def run(self):
        return self.program.ask("run", name=self.name, repeats=self.repeats)["milliseconds"]

    def output(self, folder):
        path = folder / "output"
        self.program.ask("write", name=self.name, path=str(path))
        return path

    @property
    def median(self):
        return statistics.median(self.times)

    @property
    def spread(self):
        """Half of what the middle half of the times spans, as a share of the median."""
        if len(self.times) < 2:
            return 0.0
        quarters = statistics.quantiles(self.times, n=4)
        return (quarters[2] - quarters[0]) / 2 / self.median


class Disturbance:
    """The share of the machine's time that processes took which are not ours. Always 0 where there is no /proc."""

    def __init__(self, programs):
        self.programs = programs
        self.before = self.now()

    def now(self):
        if not os.path.exists("/proc/stat"):
            return 0.0, 0.0
        user, nice, system, idle, wait, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
        ticks = os.sysconf("SC_CLK_TCK")
        busy = (user + nice + system + sum(rest)) / ticks
        own = sum(os.times()[:4]) + sum(program.cpu_seconds() for program in self.programs)
        return busy - own, busy + (idle + wait) / ticks

    def since(self):
        """Since this was asked last."""
        before, self.before = self.before, self.now()
        whole = self.before[1] - before[1]
        return max(0.0, self.before[0] - before[0]) / whole if whole > 0 else 0.0


def rounds(disturbance, turns, seconds, least, torch=True):
    """Calls each of `turns` once a round, and gives the results that count, and a sentence about them.

    It takes about so many seconds, longer if there are fewer than `least` rounds without disturbance, three times as
    long at most. Disturbance is judged over groups of rounds that are long enough for it. `torch` says whether PyTorch
    takes part.
    """
    groups, done, begin = [], 0, time.monotonic()
    while True:
        group, group_begin = [], time.monotonic()
        disturbance.since()
        while not group or time.monotonic() - group_begin < JUDGED:
            results = [None] * len(turns)
            order = range(len(turns))
            for index in order if done % 2 == 0 else reversed(order):
                results[index] = turns[index]()
                time.sleep(PAUSE)
            group.append(results)
            done += 1
        groups.append((disturbance.since(), group))
        quiet = [results for share, group in groups if share <= QUIET for results in group]
        spent = time.monotonic() - begin
        if done >= least and (spent >= 3 * seconds or spent >= seconds and len(quiet) >= least):
            break
    if len(quiet) >= least:
        return quiet, f"{len(quiet)} rounds; {done - len(quiet)} disturbed by other processes do not count."
    # Too few: the quietest third.
    best, shares = [], []
    for share, group in sorted(groups, key=lambda pair: pair[0]):
        if len(best) >= max(least, done // 3):
            break
        best += group
        shares += [share] * len(group)
    return best, (
        f"{len(best)} rounds, the quietest of {done}, and yet **disturbed**: other processes took "
        f"{statistics.mean(shares):.0%} of the machine.{' PyTorch suffers most from that.' if torch else ''}")


# MARK: Sizes


def directions(config):
    return 2 if config["bidirectional"] else 1


def scan_gflop(config, tokens):
    """Multiply-adds count two; the LSTM alone, its gates not counted."""
    C, H = config["channels"], config["hidden"]
    return 1e-9 * tokens * directions(config) * 2 * (C + H) * 4 * H


def network_gflop(config, pixels):
    C, tokens = config["channels"], pixels // config["patch"] ** 2
    scans = 2 * (scan_gflop(config, tokens) + 1e-9 * tokens * 2 * directions(config) * config["hidden"] * C)
    mixing = 1e-9 * tokens * 2 * config["mixing"] ** 2 * C
    return config["blocks"] * (scans + mixing) + 2e-9 * tokens * 2 * config["window"] ** 2 * C


def made_model(path, channels, hidden):
    """A network of random weights, of which only the first scan is used."""
    config = dict(
        patch=2, window=2, channels=channels, hidden=hidden, blocks=1, mixing=0, bidirectional=True,
        normalization="none", momentum=0.1, center=-300, spread=500)
    shapes = {"embed.weight": (channels, 1, 2, 2), "embed.bias": (channels,), "head.weight": (channels, 1, 2, 2)}
    shapes["head.bias"] = (1,)
    for axis in ["rows", "columns"]:
        prefix = f"blocks.0.{axis}."
        for suffix in ["", "_reverse"]:
            shapes[prefix + "weight_ih_l0" + suffix] = (4 * hidden, channels)
            shapes[prefix + "weight_hh_l0" + suffix] = (4 * hidden, hidden)
            shapes[prefix + "bias_ih_l0" + suffix] = (4 * hidden,)
        shapes[prefix + "project.weight"] = (channels, 2 * hidden)
        shapes[prefix + "project.bias"] = (channels,)
    random = np.random.default_rng(1)
    # As nn.LSTM draws them.
    bound = hidden**-0.5
    tensors = {name: random.uniform(-bound, bound, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(tensors, path, {"config": json.dumps(config)})
    return config


def model_config(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["config"])


def made_image(random, batch, side):
    """Steps between areas and noise, in the network's units: (batch, side, side) each."""
    areas = np.kron(random.normal(0, 0.6, (batch, side // 16, side // 16)), np.ones((1, 16, 16)))
    noise = random.normal(0, 1, (batch, side, side)) * random.uniform(0.05, 0.4, (batch, 1, 1))
    return (areas + noise).astype(np.float32), noise.astype(np.float32)


# MARK: The benchmark


class Bench:
    def __init__(self, options):
        self.options = options
        self.bin = Path(options.bin)
        # Nothing else in a folder that the user names is ours to delete.
        self.folder = Path(options.work) / "ctdenoise-bench"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.parts = []
        self.programs = {}
        self.threads = min(2, os.cpu_count() or 1)
        self.find_variants()
        self.disturbance = Disturbance(self.programs.values())
        for _ in range(8):
            begin = time.monotonic()
            self.disturbance.since()
            while time.monotonic() - begin < JUDGED:
                self.measure_peaks()
            if self.disturbance.since() <= QUIET:
                break

    def worker(self, label):
        if label not in self.programs:
            self.programs[label] = self.start(label)
        return self.programs[label]

    def start(self, label):
        if label in VARIANTS:
            variant = VARIANTS[label]
            return Program(label, [self.bin / "ctdenoise-probe", *variant.arguments], variant.environment)
        # What torch.compile makes is ours to throw away.
        environment = {**PEERS[label], "TORCHINDUCTOR_CACHE_DIR": str((self.folder / "compiled").absolute())}
        return Program(label, [sys.executable, HERE / "peer_worker.py"], environment)

    def find_variants(self):
        """Those that the CPU and the program have; and the peaks of the machine."""
        self.variants, reasons = [], []
        for label in self.options.variants or VARIANTS:
            program, variant = self.start(label), VARIANTS[label]
            try:
                facts = program.ask("facts")
            except Failure as failure:
                program.end()
                reasons.append(str(failure))
                continue
            wanted = f"{variant.isa}, {variant.precision}"
            if facts["instructionSet"] != wanted:
                program.end()
                reasons.append(f"{label}: this CPU computes by '{facts['instructionSet']}' instead of '{wanted}'")
                continue
            self.facts = facts
            self.programs[label] = program
            self.variants.append(label)
        if not self.variants:
            raise Failure("no variant runs here:\n" + "\n".join(reasons))
        for reason in reasons:
            self.progress(f"left out: {reason}")
        if self.options.quick and not self.options.variants and len(self.variants) > 1 and "baseline" in self.variants:
            self.variants.remove("baseline")
            self.programs.pop("baseline").end()
        self.peaks = {}

    def measure_peaks(self):
        """The best so far: what disturbs can only lower them."""
        for kind in self.facts["kinds"]:
            for threads in sorted({1, self.threads}):
                speed = self.programs[self.variants[0]].ask("peak", kind=kind, threads=threads)["gflops"]
                self.peaks[kind, threads] = max(speed, self.peaks.get((kind, threads), 0))

    def end(self):
        for program in self.programs.values():
            program.end()

    def say(self, part):
        """Adds to the report: a line, or a function that gives lines once everything was measured."""
        self.parts.append(part)

    def report(self):
        lines = []
        for part in self.parts:
            lines += part() if callable(part) else [part]
        return "\n".join(lines)

    def progress(self, text):
        print(text, file=sys.stderr, flush=True)

    def seconds(self, share):
        """A case's part of the time that all are to take."""
        return share * self.options.minutes * 60

    def peer_peak(self, autocast=False):
        wanted = ["amx-bf16", "avx512-bf16"] if autocast else ["avx512", "avx2", "baseline"]
        return next((kind for kind in wanted if kind in self.facts["kinds"]), None)

    def contestants(self, case, setup, autocast=True):
        """All variants of ours, and PyTorch with and without autocast and with and without kept memory."""
        everyone = [
            Contestant(self.worker(label), case, setup, peak=VARIANTS[label].peak, bound=VARIANTS[label].bound)
            for label in self.variants
        ]
        for label in PEERS:
            everyone.append(Contestant(self.worker(label), case, setup, peak=self.peer_peak()))
            if autocast:
                everyone.append(
                    Contestant(
                        self.worker(label), case, {**setup, "autocast": True}, label=label.replace(
                            "PyTorch", "PyTorch bf16"), peak=self.peer_peak(True)))
        return everyone

    def compare(self, contestants, read, worst):
        """Runs each once; errors against PyTorch, which must keep within bounds."""
        reference = next(c for c in contestants if c.label == "PyTorch")
        reference.run()
        right = read(reference.output(self.folder))
        errors = {}
        for contestant in contestants:
            if contestant is not reference:
                contestant.run()
            error = worst(right, read(contestant.output(self.folder)))
            if contestant.bound is not None and not error <= contestant.bound:
                raise Failure(
                    f"{contestant.name} differs from PyTorch by {error:.2g}, and {contestant.bound:.2g} is allowed")
            errors[contestant.label] = error
        return errors

    def table(self, title, contestants, errors, gflop, threads, unit="error"):
        by_label = {c.label: c for c in contestants}
        references = [by_label[label] for label in PEERS]
        lines = [f"\n### {title}\n"]
        ratios = " | ".join(f"× {label}" for label in PEERS)
        lines.append(f"| | ms | ± | GFLOP/s | of peak | {unit} | {ratios} |")
        lines.append(f"|---|--:|--:|--:|--:|--:|{'--:|' * len(PEERS)}")
        for c in contestants:
            speed = gflop / c.median * 1e3
            peak = self.peaks.get((c.peak, threads))
            share = f"{speed / peak:.0%}" if peak else "–"
            ratios = " | ".join(f"{r.median / c.median:.2f}" for r in references)
            name = f"**ctdenoise {c.label}**" if c.label in VARIANTS else c.label
            error = "–" if c.label == "PyTorch" else f"{errors[c.label]:.1e}"
            lines.append(f"| {name} | {c.median:.1f} | {c.spread:.0%} | {speed:.0f} | {share} | {error} | {ratios} |")
        return lines

    # MARK: Cases

    def scan(self):
        for channels, hidden in [(128, 64), (64, 48)]:
            side = 256
            model, tokens = self.folder / "scan.safetensors", self.folder / "tokens"
            config = made_model(model, channels, hidden)
            np.random.default_rng(2).normal(0, 1, (side, side, channels)).astype("<f4").tofile(tokens)
            title = f"Scan alone: bidirectional, {side}×{side} tokens, D={channels}, H={hidden}"
            setup = dict(
                kind="scan", model=str(model), input=str(tokens), rows=side, columns=side, threads=self.threads)
            self.measure(title, setup, scan_gflop(config, side * side), self.threads, 0.1)

    def measure(self, title, setup, gflop, threads, share, contestants=None, read=None, worst=None, unit="error"):
        title = f"{title}, {threads} thread{'s' if threads > 1 else ''}"
        self.progress(title)
        self.measure_peaks()
        contestants = contestants or self.contestants(title, setup)
        errors = self.compare(
            contestants, read or (lambda path: np.fromfile(path, "<f4")),
            worst or (lambda right, other: float(np.abs(right - other).max())))
        remark = self.interleave(contestants, share, self.options.rounds)
        self.progress("  " + ", ".join(f"{c.label} {c.median:.1f} ms" for c in contestants))
        # The share of the peak is not known before the end.
        self.say(partial(self.table, title, contestants, errors, gflop, threads, unit))
        self.say(f"\n{remark}")

    def interleave(self, contestants, share, least, torch=True):
        """Fills the times of contestants that have all run before; gives a sentence about them."""
        times, remark = rounds(self.disturbance, [c.run for c in contestants], self.seconds(share), least, torch)
        for contestant, own in zip(contestants, zip(*times)):
            contestant.times = own
        return remark

    def network_setup(self, threads):
        image, side = self.folder / "image", 512
        made_image(np.random.default_rng(3), 1, side)[0].tofile(image)
        return dict(kind="network", model=str(MODEL), input=str(image), rows=side, columns=side, threads=threads)

    def network(self):
        gflop = network_gflop(model_config(MODEL), 512 * 512)
        for threads in [self.threads] if self.options.quick else sorted({1, self.threads}, reverse=True):
            title = "Inference: the default network, 512×512"
            setup = self.network_setup(threads)
            case = f"{title}, {threads}"
            contestants, remarks = self.contestants(case, setup), []
            # It compiles for one number of threads, for up to a minute.
            for label in PEERS if threads == self.threads and not self.options.quick else []:
                name = label.replace("PyTorch", "PyTorch compiled")
                self.progress(f"{name}: compiling")
                try:
                    contestants.append(
                        Contestant(
                            self.worker(label), case, {**setup, "compiled": True}, label=name, peak=self.peer_peak(),
                            bound=1e-4))
                except Failure as failure:
                    # It needs a C++ compiler, and its support of LSTMs is an option without promises.
                    remarks.append(f"Left out: {name}, which does not compile here ({str(failure).splitlines()[0]}).")
            self.measure(title, setup, gflop, threads, 0.17, contestants)
            for remark in remarks:
                self.progress(remark)
                self.say(f"\n{remark}")

    def training_setup(self):
        batch, side = 16, 64
        noisy, noise = self.folder / "noisy-crops", self.folder / "noise-crops"
        for values, path in zip(made_image(np.random.default_rng(4), batch, side), [noisy, noise]):
            values.tofile(path)
        return dict(
            kind="training", model=str(MODEL), input=str(noisy), target=str(noise), batch=batch, rows=side,
            columns=side, threads=self.threads)

    def training(self):
        def worst(right, other):
            """Of each tensor, relative to its largest value."""
            if right.keys() != other.keys():
                raise Failure(f"gradients of other tensors: {sorted(right.keys() ^ other.keys())}")
            # Not Python's max, which overlooks NaN; and what is zero throughout has to be so in both.
            tiny = np.finfo(np.float32).tiny
            return float(np.max([np.abs(right[k] - other[k]).max() / max(np.abs(right[k]).max(), tiny) for k in right]))

        setup = self.training_setup()
        pixels = setup["batch"] * setup["rows"] * setup["columns"]
        # Backward has two products for each of forward's.
        gflop = 3 * network_gflop(model_config(MODEL), pixels)
        title = "Training step without Adam: the default network, 16 crops of 64×64"
        # No one trains in less than single precision.
        contestants = [c for c in self.contestants(title, setup) if not c.label.endswith("-fast")]
        for contestant in contestants:
            # Rounding adds up in gradients that come through 16 scans.
            contestant.bound = contestant.bound and 3 * contestant.bound
        contestants.append(
            Contestant(
                self.worker("PyTorch"), title, {**setup, "statistics": "gates"}, label="PyTorch, statistics of gates",
                peak=self.peer_peak()))
        self.measure(
            title, setup, gflop, self.threads, 0.17, contestants,
            # Compared at once: the file is written anew for each.
            lambda path: {name: np.array(tensor) for name, tensor in load_file(path).items()}, worst, "relative error")

    def memory(self):
        self.progress("Memory")
        cases = {"inference": self.network_setup(self.threads), "training step": self.training_setup()}
        self.say("\n### Memory that a process grows by, peak, MB\n")
        self.say("| | one inference of 512×512 | one training step, 16 crops of 64×64 |")
        self.say("|---|--:|--:|")
        for label in [*self.variants, *PEERS]:
            grown = []
            for name, setup in cases.items():
                program = self.start(label)
                program.ask("prepare", name=name, setup=setup)
                program.ask("run", name=name, repeats=2)
                grown.append(f"{program.ask('memory')['grownBytes'] / 1e6:.0f}")
                program.end()
            self.say(f"| {f'**ctdenoise {label}**' if label in VARIANTS else label} | {grown[0]} | {grown[1]} |")

    def noisy_slices(self, count):
        """A folder of phantoms, and one with noise."""
        program, clean, noisy = self.bin / "ctdenoise", self.folder / "clean", self.folder / "noisy"
        if not noisy.exists() or len(list(noisy.iterdir())) < count:
            for command in [
                ["phantom", "-o", clean, "--count", count, "--seed", 1, "--overwrite"],
                ["noise", clean, "-o", noisy, "--white", "25/255", "--seed", 1, "--overwrite"],
            ]:
                subprocess.run([str(x) for x in [program, *command]], check=True, capture_output=True)
        return clean, noisy

    def folder_of_slices(self):
        count = 3 if self.options.quick else 8
        title = f"A folder of {count} slices of 512×512, 16-bit PNG, {self.threads} threads"
        self.progress(title)
        _, noisy = self.noisy_slices(count)
        one = self.folder / "one"
        one.mkdir()
        shutil.copy(min(noisy.iterdir()), one)
        threads = str(self.threads)
        commands, bounds = {}, {}
        # The best of each precision.
        exact = [label for label in self.variants if not label.endswith("-fast")][:1]
        fast = [label for label in self.variants if label.endswith("-fast")][:1]
        # What the fast one may be off by, in the steps of a file that spans −1024…1023 HU.
        steps = model_config(MODEL)["spread"] / (2047 / 65535)
        for label in exact + fast:
            variant = VARIANTS[label]
            commands[f"ctdenoise {label}"] = (variant.environment, lambda s, o, arguments=variant.arguments: [
                self.bin / "ctdenoise", "denoise", s, "-o", o, "--overwrite", "--jobs", threads, *arguments])
            bounds[f"ctdenoise {label}"] = variant.bound * steps if label in fast else 2
        for label, environment in PEERS.items():
            commands[label] = (environment, lambda s, o: [
                sys.executable, HERE / "peer_denoise.py", MODEL, s, o, threads])

        def seconds(label, source):
            environment, command = commands[label]
            out = self.folder / "denoised" / label
            begin = time.perf_counter()
            done = subprocess.run(
                [str(part) for part in command(source, out)], env={**os.environ, **environment}, capture_output=True,
                text=True)
            if done.returncode != 0:
                raise Failure(f"{label}: {done.stderr.strip()}")
            return time.perf_counter() - begin

        for label in commands:
            seconds(label, noisy)
        worst = {label: self.folder_difference(label, bounds.get(label, 2)) for label in commands}
        turns = [partial(seconds, label, source) for label in commands for source in [noisy, one]]
        times, remark = rounds(self.disturbance, turns, self.seconds(0.2), min(3, self.options.rounds))
        medians = [statistics.median(own) for own in zip(*times)]
        whole, single = dict(zip(commands, medians[0::2])), dict(zip(commands, medians[1::2]))
        further = {label: (whole[label] - single[label]) / (count - 1) for label in commands}
        self.say(f"\n### {title}\n")
        self.say(
            "| | × PyTorch, a further one | a further one, ms | one slice, s | all, s | × PyTorch, all | difference |")
        self.say("|---|--:|--:|--:|--:|--:|--:|")
        for label in commands:
            name = f"**{label}**" if label.startswith("ctdenoise") else label
            self.say(
                f"| {name} | {further['PyTorch'] / further[label]:.2f} | {further[label] * 1e3:.0f} "
                f"| {single[label]:.2f} | {whole[label]:.2f} | {whole['PyTorch'] / whole[label]:.2f} "
                f"| {worst[label]} |")
        self.say(
            "\nA further slice is what a slice takes without start-up; the other times are of whole programs. The "
            "peer reads and writes between inferences, ours meanwhile. The difference is the largest to PyTorch's "
            f"files, in steps of 65535. {remark}")

    def folder_difference(self, label, bound):
        """The largest difference between samples of a contestant's files and PyTorch's."""
        worst = 0
        for right in sorted((self.folder / "denoised/PyTorch").iterdir()):
            ours = self.folder / "denoised" / label / right.name
            pair = [np.asarray(Image.open(path)).astype(int) for path in [right, ours]]
            worst = max(worst, int(np.abs(pair[0] - pair[1]).max()))
        if worst > bound:
            raise Failure(
                f"{label}: files differ from PyTorch's by {worst} steps of 65535, and {bound:.0f} are allowed")
        return worst

    def ssim(self):
        self.progress("SSIM")
        clean, noisy = self.noisy_slices(1)
        paths = []
        for folder in [clean, noisy]:
            path = self.folder / f"{folder.name}-floats"
            np.asarray(Image.open(min(folder.iterdir()))).astype("<f4").tofile(path)
            paths.append(str(path))
        self.say("\n### SSIM of a pair of 512×512\n")
        self.say(
            "| window | **ctdenoise**, ms | scikit-image, ms | scikit-image float32, ms | difference "
            "| × scikit-image | × float32 |")
        self.say("|---|--:|--:|--:|--:|--:|--:|")
        remarks = []
        for window in ["gaussian", "uniform"]:
            setup = dict(
                kind="similarity", input=paths[0], target=paths[1], rows=512, columns=512, window=window,
                dataRange=65535)
            ours = Contestant(self.worker(self.variants[0]), window, setup)
            theirs = Contestant(self.worker("PyTorch"), window, setup)
            single = Contestant(
                self.worker("PyTorch"), window, {**setup, "float32": True}, label="scikit-image float32")
            values = []
            for contestant in [ours, theirs, single]:
                contestant.run()
                values.append(float(np.fromfile(contestant.output(self.folder), "<f4")[0]))
            difference = abs(values[0] - values[1])
            if not difference <= 1e-5 or not abs(values[0] - values[2]) <= 1e-3:
                raise Failure(
                    f"SSIM, {window}: {values[0]}, and scikit-image says {values[1]}, with float32 {values[2]}")
            remarks.append(f"{window}: {self.interleave([ours, theirs, single], 0.02, 9, torch=False)}")
            self.say(
                f"| {window} | {ours.median:.2f} | {theirs.median:.2f} | {single.median:.2f} | {difference:.0e} "
                f"| {theirs.median / ours.median:.1f} | {single.median / ours.median:.1f} |")
        self.say(
            f"\n{' '.join(remarks)} Ours is given Double and computes in it, as scikit-image does but for float32.")

    def evaluation(self):
        count, distinct = (40, 4) if self.options.quick else (500, 20)
        title = f"Evaluation of a folder of {count} pairs of 512×512, 16-bit PNG, all metrics"
        self.progress(title)
        sources = self.noisy_slices(distinct)
        folders = [self.folder / "pairs" / source.name for source in sources]
        for source, folder in zip(sources, folders):
            folder.mkdir(parents=True)
            files = sorted(source.iterdir())[:distinct]
            for number in range(count):
                (folder / f"{number:03}.png").symlink_to(files[number % distinct])
        few = [folder.parent / f"few-{folder.name}" for folder in folders]
        for folder, part in zip(folders, few):
            part.mkdir()
            (part / "000.png").symlink_to((folder / "000.png").resolve())

        def seconds(pair, threads):
            begin = time.perf_counter()
            command = [self.bin / "ctdenoise", "evaluate", *pair, "--csv", "--jobs", threads]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure(f"evaluate: {done.stderr.strip()}")
            return time.perf_counter() - begin

        readers = [
            Contestant(
                self.worker(self.variants[0]), "read", dict(kind="read", input=str(folder / "000.png")), repeats=5)
            for folder in folders]
        for reader in readers:
            reader.run()
        remark = self.interleave(readers, 0.02, 15, torch=False)
        reading = sum(reader.median for reader in readers) / 1e3
        counts = sorted({1, self.threads})
        turns = [partial(seconds, pair, threads) for threads in counts for pair in [folders, few]]
        times, other = rounds(self.disturbance, turns, self.seconds(0.2), min(3, self.options.rounds))
        medians = [statistics.median(own) for own in zip(*times)]
        self.say(f"\n### {title}\n")
        self.say("| | a pair, ms | all, s | × reading both files, one thread |")
        self.say("|---|--:|--:|--:|")
        self.say(f"| reading both files, one thread | {reading * 1e3:.2f} | {reading * count:.2f} | 1 |")
        for threads, whole, single in zip(counts, medians[0::2], medians[1::2]):
            each = (whole - single) / (count - 1)
            name = f"**ctdenoise evaluate, {threads} thread{'s' * (threads > 1)}**"
            self.say(f"| {name} | {each * 1e3:.2f} | {whole:.2f} | {each / reading:.2f} |")
        self.say(
            "\nPSNR, SSIM, MS-SSIM, GMSD, VIF, RMSE, MAE and bias. A pair is what one takes without start-up. "
            f"{remark} {other}")

    def files(self):
        self.progress("Files")
        _, noisy = self.noisy_slices(1)
        png = self.folder / "slice.png"
        shutil.copy(min(noisy.iterdir()), png)
        kinds = {"PNG": png}
        with Image.open(png) as image:
            for name, compression in [("TIFF, Deflate", "tiff_adobe_deflate"), ("TIFF, uncompressed", None)]:
                kinds[name] = self.folder / f"{compression}.tif"
                image.save(kinds[name], compression=compression)
            samples = np.asarray(image).astype(np.float32)
        self.say("\n### Reading a slice of 512×512, 16-bit, ms\n")
        self.say("| | **ctdenoise** | plain C | Pillow | tifffile | × plain C | × Pillow | × tifffile |")
        self.say("|---|--:|--:|--:|--:|--:|--:|--:|")
        remarks = []
        for name, path in kinds.items():
            ours = self.worker(self.variants[0])
            who = {"ctdenoise": (ours, "read"), "plain C": (ours, "read plainly")}
            who["Pillow"] = (self.worker("PyTorch"), "read with Pillow")
            if path.suffix == ".tif":
                who["tifffile"] = (self.worker("PyTorch"), "read with tifffile")
            contestants = {
                label: Contestant(program, name, dict(kind=kind, input=str(path)), repeats=5, label=label)
                for label, (program, kind) in who.items()
            }
            for label, contestant in contestants.items():
                contestant.run()
                values = np.fromfile(contestant.output(self.folder), "<f4")
                right = np.array([2 * samples.size]) if label == "plain C" else samples.ravel()
                if not np.array_equal(values, right):
                    raise Failure(f"{label} reads other samples from {path}")
            remarks.append(f"{name}: {self.interleave(list(contestants.values()), 0.02, 15, torch=False)}")
            times = {label: contestant.median for label, contestant in contestants.items()}
            absent, everyone = "–", ["ctdenoise", "plain C", "Pillow", "tifffile"]
            absolute = [f"{times[who]:.2f}" if who in times else absent for who in everyone]
            ratios = [f"{times[who] / times['ctdenoise']:.2f}" if who in times else absent for who in everyone[1:]]
            self.say(f"| {name} | {' | '.join(absolute + ratios)} |")
        self.say(f"\n{' '.join(remarks)}")

    def noise(self):
        self.progress("Noise")
        image = self.folder / "flat"
        np.full((512, 512), 0.5, "<f4").tofile(image)
        setup = dict(kind="noise", input=str(image), rows=512, columns=512, sigma=0.05)
        contestants = [
            Contestant(
                self.worker(label), "noise", {**setup, "threads": threads}, repeats=50,
                label=f"ctdenoise {label}, {threads} thread{'s' * (threads > 1)}")
            for label in self.variants if not label.endswith("-fast") and label != "amx"
            for threads in sorted({1, self.threads}, reverse=True)]
        contestants += [
            Contestant(self.worker("PyTorch"), "noise", {**setup, "with": label}, repeats=50, label=label)
            for label in ["NumPy", "scikit-image", "scikit-image float32, not clipped"]]
        outputs = set()
        for contestant in contestants:
            contestant.run()
            bits = contestant.output(self.folder).read_bytes()
            sigma = np.frombuffer(bits, "<f4").std()
            # Five deviations of a standard deviation of 512² samples.
            if not abs(sigma / 0.05 - 1) < 5 / np.sqrt(2 * 512**2):
                raise Failure(f"{contestant.label}: white noise of 0.05 has a standard deviation of {sigma}")
            if contestant.label.startswith("ctdenoise"):
                outputs.add(bits)
        if len(outputs) != 1:
            raise Failure("instruction sets or threads make different noise of one seed")
        remark = self.interleave(contestants, 0.02, 15, torch=False)
        numpy, skimage = (contestant.median for contestant in contestants[-3:-1])
        self.say("\n### White noise on 512×512, 32-bit floats\n")
        self.say("| | ms | × NumPy | × scikit-image |")
        self.say("|---|--:|--:|--:|")
        for contestant in contestants:
            name = f"**{contestant.label}**" if contestant.label.startswith("ctdenoise") else contestant.label
            time = contestant.median
            self.say(f"| {name} | {time:.2f} | {numpy / time:.1f} | {skimage / time:.1f} |")
        self.say(
            f"\n{remark} Ours makes the same bits with each instruction set and number of threads. NumPy: `image + "
            "sigma * default_rng().standard_normal(…, dtype=float32)`; scikit-image: `random_noise(image, var=…)` of a "
            "16-bit image, and of float32 with `clip=False`.")

    def projection(self):
        """Parallel beams through 511×511 pixels: an odd side, so that for both the centre of the image is the centre
        of a pixel."""
        self.progress("Projection")
        side, views = 511, 720
        clean, _ = self.noisy_slices(1)
        slice = np.asarray(Image.open(min(clean.iterdir()))).astype(np.float32)[:side, :side]
        paths = {kind: self.folder / kind for kind in ["projection", "reconstruction"]}
        (slice / 65535 * 0.04).astype("<f4").tofile(paths["projection"])
        self.say(
            f"\n### Projection of 511×511 in {views} views, and reconstruction with the ramp, {self.threads} threads\n")
        self.say("| | **ctdenoise**, ms | scikit-image, ms | × scikit-image | difference, RMS |")
        self.say("|---|--:|--:|--:|--:|")
        remarks = []
        for kind, theirs_name in [("projection", "radon"), ("reconstruction", "iradon")]:
            setup = dict(kind=kind, input=str(paths[kind]), rows=side, columns=side, views=views, threads=self.threads)
            ours = Contestant(self.worker(self.variants[0]), kind, setup)
            # It has as many cells as the diagonal is long, ours a few more.
            if kind == "reconstruction":
                own = np.fromfile(paths[kind], "<f4").reshape(views, -1)
                extra = (own.shape[1] - cells) // 2
                peer_input = self.folder / "views"
                own[:, extra:extra + cells].copy().tofile(peer_input)
                theirs = Contestant(
                    self.worker("PyTorch"), kind, {**setup, "input": str(peer_input)}, label=theirs_name)
            else:
                theirs = Contestant(self.worker("PyTorch"), kind, setup, label=theirs_name)
            results = []
            for contestant in [ours, theirs]:
                contestant.run()
                results.append(np.fromfile(contestant.output(self.folder), "<f4"))
            if kind == "projection":
                results[0].tofile(paths["reconstruction"])
                results = [result.reshape(views, -1) for result in results]
                cells = results[1].shape[1]
                extra = (results[0].shape[1] - cells) // 2
                results[0] = results[0][:, extra:extra + cells]
            difference = np.sqrt(np.mean((results[0] - results[1]) ** 2)) / np.sqrt(np.mean(results[1] ** 2))
            if not difference < 0.02:
                raise Failure(f"{kind} and {theirs_name} differ by {difference:.1%}")
            remarks.append(f"{theirs_name}: {self.interleave([ours, theirs], 0.03, 3, torch=False)}")
            self.say(
                f"| {kind}, `{theirs_name}` | {ours.median:.0f} | {theirs.median:.0f} "
                f"| {theirs.median / ours.median:.0f} | {difference:.2%} |")
        self.say(
            f"\n{' '.join(remarks)} The difference is relative to scikit-image's result, over all views or pixels.")

    def profile(self):
        """Where the time goes, by samples of Linux's perf."""
        self.progress("Profile")
        label = next((label for label in self.variants if not label.endswith("-fast")), self.variants[0])
        self.say(f"\n### Where the time goes: ctdenoise {label}, {self.threads} threads\n")
        shares = {}
        cases = {"one inference of 512×512": self.network_setup(self.threads), "training step": self.training_setup()}
        try:
            for case, setup in cases.items():
                shares[case] = self.shares_of_time(Contestant(self.worker(label), f"profile, {case}", setup))
        except Failure as failure:
            self.progress(f"  skipped: {failure}")
            self.say(f"Skipped: {failure}")
            return
        self.say(f"| | {' | '.join(cases)} |")
        self.say(f"|---|{'--:|' * len(cases)}")
        for part in [*PARTS, "the rest", "the system"]:
            self.say(f"| {part} | {' | '.join(f'{shares[case][part]:.1%}' for case in cases)} |")
        self.say(
            "\nSamples of all threads, by perf. A product forward and its cells are one function. The rest is copies, "
            "sums, and waiting for other threads.")

    def shares_of_time(self, contestant):
        """Shares of a case's time by part of the work."""
        perf = shutil.which("perf")
        if not perf:
            raise Failure("perf, which counts samples, is not installed (Debian: linux-perf)")
        begin = time.perf_counter()
        contestant.run()
        # A few seconds give a thousand samples a thread.
        contestant.repeats = max(1, round((1 if self.options.quick else 4) / (time.perf_counter() - begin)))
        samples = str(self.folder / "perf.data")
        with tempfile.TemporaryFile("w+") as complaints:
            recording = subprocess.Popen(
                [perf, "record", "-q", "-F", "499", "-o", samples, "-p", str(contestant.program.process.pid)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints)
            try:
                time.sleep(0.5)  # It says nothing when it is ready.
                contestant.run()
            finally:
                recording.send_signal(signal.SIGINT)
                recording.wait()
            complaints.seek(0)
            told = " ".join(complaints.read().split())
        report = subprocess.run(
            [perf, "report", "-i", samples, "--stdio", "-q", "-g", "none", "--percent-limit", "0", "--sort", "sym"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        # As "  12.34%  [.] avx512_gemm", and [k] is the system's.
        rows = re.findall(r"^ *([\d.]+)% +\[(.)\] +(.*?) *$", report.stdout, re.MULTILINE)
        whole = sum(float(share) for share, _, _ in rows)
        if not whole:
            raise Failure(f"perf has no samples: {(told or report.stderr)[:300]}")
        shares = {part: 0.0 for part in [*PARTS, "the rest", "the system"]}
        for share, space, symbol in rows:
            part = next((part for part, pattern in PARTS.items() if re.search(pattern, symbol)), "the rest")
            shares["the system" if space == "k" else part] += float(share) / whole
        return shares

    # MARK: The machine

    def facts_of_the_machine(self):
        import safetensors, skimage, tifffile, torch  # noqa: E401, only their versions

        commit = subprocess.run(
            ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
        self.say(f"{cpu_name()}, {os.cpu_count()} cores; {platform.system()}.")
        self.say(
            f"ctdenoise {commit or '?'}; Python {platform.python_version()}, PyTorch {torch.__version__} "
            f"({torch.backends.cpu.get_cpu_capability()}), scikit-image {skimage.__version__}, "
            f"tifffile {tifffile.__version__}, Pillow {Image.__version__}.")

    def table_of_peaks(self):
        self.measure_peaks()
        self.say("\n### The machine's peak, GFLOP/s, in registers\n")
        self.say(f"| | {' | '.join(self.facts['kinds'])} |")
        self.say(f"|---|{'--:|' * len(self.facts['kinds'])}")
        for threads in sorted({1, self.threads}):
            row = [f"{self.peaks[kind, threads]:.0f}" for kind in self.facts["kinds"]]
            self.say(f"| {threads} thread{'s' if threads > 1 else ''} | {' | '.join(row)} |")


def cpu_name():
    try:
        info = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


CASES = {
    "scan": Bench.scan, "network": Bench.network, "training": Bench.training, "memory": Bench.memory,
    "folder": Bench.folder_of_slices, "ssim": Bench.ssim, "evaluation": Bench.evaluation, "noise": Bench.noise,
    "projection": Bench.projection, "files": Bench.files, "profile": Bench.profile,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", default=ROOT / ".build/release", help="where ctdenoise and ctdenoise-probe are")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), help="these cases and no others")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, help="these of ours; all that run here if not said")
    parser.add_argument("--quick", action="store_true", help="a minute or two: few rounds, fewer contestants")
    parser.add_argument("--minutes", type=float, help="about how long all cases take together; 5 if not said")
    parser.add_argument("-o", "--output", help="write the tables to this file, too")
    parser.add_argument(
        "--work", default=ROOT / "out",
        help="what is made on the way is put into ctdenoise-bench in this folder, and that is emptied first")
    options = parser.parse_args()
    options.minutes = options.minutes or (0.5 if options.quick else 5)
    options.rounds = 2 if options.quick else 5
    bench = None
    try:
        bench = Bench(options)
        bench.facts_of_the_machine()
        for name in CASES:
            if name in options.only:
                CASES[name](bench)
        bench.table_of_peaks()
    except Failure as failure:
        sys.exit(f"bench.py: {failure}")
    finally:
        if bench:
            bench.end()
            print(bench.report())
    if options.output:
        Path(options.output).write_text(bench.report() + "\n")


if __name__ == "__main__":
    main()
