#!/usr/bin/env python3
"""Measures how well ctdenoise denoises, side by side with other methods: `make quality`, and docs/quality.md says how.

Every figure of every slice is kept in OUT/results: a run that was stopped goes on where it was, and only what has
changed (the program, a model, the checkpoint of DnCNN, the parameters that are tried) is measured again.
"""
import argparse
import json
import statistics
import subprocess
from importlib import metadata
from pathlib import Path

import tables
from dncnn import CHECKPOINT
from ours import ROOT, Ours
from pictures import write_picture
from rivals import Learned, rivals
from seconds import measure_seconds
from slices import KINDS, measure, patient_means, read_noisy, read_slices

BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"


class Results:
    """The figures of a method on a kind of noise, by parameters and slice; they outlive the run."""

    def __init__(self, out, kind, method):
        self.path = out / "results" / kind.folder / f"{method.name.replace(' ', '_')}.json"
        self.version = method.version
        self.figures = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text())
            if kept["version"] == self.version:
                self.figures = kept["figures"]

    @staticmethod
    def key(slice):
        return f"{slice.patient}/{slice.name}"

    def get(self, parameters, slice):
        return self.figures.get(json.dumps(parameters), {}).get(self.key(slice))

    def keep(self, parameters, slice, figures):
        self.figures.setdefault(json.dumps(parameters), {})[self.key(slice)] = figures
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps({"version": self.version, "figures": self.figures}, indent=1))
        partial.rename(self.path)

    def best(self, method, kind, slices):
        """The parameters with the best mean PSNR over patients, and what they reach; None if there is nothing yet."""
        best = None
        for parameters in method.candidates(kind):
            figures = [self.get(parameters, slice) for slice in slices]
            if None in figures:
                continue
            means = patient_means(slices, figures)
            score = statistics.mean(means["PSNR"].values())
            if best is None or score > best["score"]:
                best = {"score": score, "parameters": parameters, "figures": means}
        return best


def measure_rival(method, kind, slices, out):
    results = Results(out, kind, method)
    for parameters in method.candidates(kind):
        for slice in slices:
            if results.get(parameters, slice) is None:
                denoised = method.function(read_noisy(slice, kind, out), kind, **parameters)
                results.keep(parameters, slice, measure(slice, denoised))


def measure_ours(ours, kind, slices, out):
    results = Results(out, kind, ours.method)
    if any(results.get({}, slice) is None for slice in slices):
        for slice in slices:
            read_noisy(slice, kind, out)
        for slice, denoised in zip(slices, ours.denoised(slices, kind)):
            results.keep({}, slice, measure(slice, denoised))


def draw_worst(ours, methods, kind, slices, results, out):
    """The slice where ours is least above the best rival, or most below it."""
    name = max((name for name in results if name in methods), key=lambda name: results[name]["score"])
    method, parameters = methods[name], results[name]["parameters"]
    rival_figures, our_figures = Results(out, kind, method), Results(out, kind, ours.method)
    slice = min(
        slices,
        key=lambda slice: our_figures.get({}, slice)["PSNR"] - rival_figures.get(parameters, slice)["PSNR"])
    path = out / "pictures" / f"{kind.folder}.png"
    noisy = read_noisy(slice, kind, out)
    denoised = ours.denoised(slices, kind)[slices.index(slice)]
    write_picture(path, slice, kind, noisy, method.function(noisy, kind, **parameters), denoised, name, ours.label)
    print(f"{path}: {slice.patient}/{slice.name}", flush=True)


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("slices", type=Path, help="folder with a folder of 16-bit PNGs (HU + 1024) for each patient")
    parser.add_argument("out", type=Path, help="folder for everything that is made")
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/ctdenoise")
    parser.add_argument(
        "--models", nargs="+", default=["default"], help="'default' or files; the first is the one that aims are for")
    parser.add_argument("--dncnn", type=Path, help="folder that train_dncnn.py wrote; without it, DnCNN is left out")
    parser.add_argument("--per-patient", type=int, default=3, help="slices of each patient at most; 0: all")
    parser.add_argument("--kinds", nargs="+", choices=[kind.name for kind in KINDS], help="of noise; all if not said")
    parser.add_argument("--only", nargs="+", metavar="METHOD", help="measure only these; the others are taken as kept")
    parser.add_argument("--again", nargs="+", metavar="METHOD", default=[], help="measure these anew, as if new")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of timing; 0: show what was measured before")
    parser.add_argument("--no-pictures", action="store_true", help="they run the best rivals again")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--document", type=Path, help="Markdown file with the two marks between which tables go")
    return parser.parse_args()


def main():
    options = parsed_arguments()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    slices = read_slices(options.slices, options.per_patient)
    kinds = [kind for kind in KINDS if options.kinds is None or kind.name in options.kinds]
    all_ours = [Ours(options.program, model, out, options.threads) for model in options.models]
    if options.dncnn is None or not (options.dncnn / CHECKPOINT).exists():
        print(f"DnCNN is left out: no --dncnn with a {CHECKPOINT} of train_dncnn.py", flush=True)
        options.dncnn = None
    methods = {method.name: method for method in rivals(options.dncnn)}
    our_names = [ours.label for ours in all_ours]
    for name in (options.only or []) + options.again:
        if name not in [*methods, *our_names]:
            raise SystemExit(f"no method '{name}'; there are: {', '.join([*our_names, *methods])}")

    def is_wanted(name):
        return options.only is None or name in options.only

    results = {}
    for kind in kinds:
        for label, method in [*((ours.label, ours.method) for ours in all_ours), *methods.items()]:
            if label in options.again:
                Results(out, kind, method).path.unlink(missing_ok=True)
        for ours in all_ours:
            if is_wanted(ours.label):
                measure_ours(ours, kind, slices, out)
        suitable = [method for method in methods.values() if method.suits(kind)]
        results[kind.name] = {}
        for method in [*(ours.method for ours in all_ours), *suitable]:
            if method.function and is_wanted(method.name):
                measure_rival(method, kind, slices, out)
            best = Results(out, kind, method).best(method, kind, slices)
            if best is None:
                print(f"{kind.name}: {method.name}: not measured yet", flush=True)
                continue
            results[kind.name][method.name] = best
            print(f"{kind.name}: {method.name}: {best['score']:.2f} dB {best['parameters'] or ''}", flush=True)

    seconds_path = out / "seconds.json"
    if options.rounds > 0:
        seconds = measure_seconds(all_ours, slices, options.dncnn, out, options.threads, options.rounds)
        seconds_path.write_text(json.dumps(seconds, indent=1))
    seconds = json.loads(seconds_path.read_text()) if seconds_path.exists() else None
    write(options, context(options, slices, all_ours), results, our_names, seconds)
    for kind in kinds:
        if not options.no_pictures and our_names[0] in results[kind.name]:
            draw_worst(all_ours[0], methods, kind, slices, results[kind.name], out)


def context(options, slices, all_ours):
    """What the tables are of."""
    version = subprocess.run([options.program, "--version"], capture_output=True, text=True).stdout.strip()
    patients = len({slice.patient for slice in slices})
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ["bm3d", "scikit-image", "scipy", "torch"])
    prints = ", ".join(f"{ours.label} {ours.version}" for ours in all_ours)
    text = f"{len(slices)} slices of {patients} patients."
    text += f" ctdenoise {version} (hash with its model: {prints}); {packages}."
    if options.dncnn:
        found = Learned(options.dncnn).checkpoint
        text += (
            f" DnCNN after {found['minutes']:.0f} of {found['planned']:.0f} minutes, {found['step']} steps,"
            f" {found['samples']} crops.")
    return text


def write(options, about, results, our_names, seconds):
    """Tables and data."""
    text = tables.report(results, our_names, seconds, about)
    (options.out / "quality.md").write_text(text)
    everything = {"about": about, "noise": results, "seconds": seconds}
    (options.out / "quality.json").write_text(json.dumps(everything, indent=1))
    tables.write_csv(options.out / "quality.csv", results)
    if options.document:
        before, rest = options.document.read_text().split(BEGIN)
        after = rest.split(END)[1]
        options.document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
    print(text, flush=True)


if __name__ == "__main__":
    main()
