#!/usr/bin/env python3
"""Measures how well ctdenoise denoises, side by side with other methods: `make quality`, and docs/quality.md says how.

Every figure of every slice is kept in OUT/results: a run that was stopped goes on where it was, and only what has
changed (the program, a model, the checkpoint of DnCNN, the parameters that are tried, a slice or its noise) is measured
again.
"""
import json
import statistics
import subprocess
from importlib import metadata

import tifffile

import tables
from dncnn import CHECKPOINT
from kinds import KINDS
from options import ROOT, parsed_arguments
from ours import Ours
from pictures import write_picture
from rivals import Learned, rivals
from seconds import measure_seconds
from slices import measure, patient_means, read_noisy, read_slices

DOCUMENT = ROOT / "docs/quality.md"
TABLES = "quality.md"
BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"


class Results:
    """The figures of a method on a kind of noise, by parameters and slice; they outlive the run."""

    def __init__(self, out, kind, method):
        self.kind = kind
        self.path = out / "results" / kind.folder / f"{method.name.replace(' ', '_')}.json"
        self.version = method.version
        self.figures = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text())
            if kept["version"] == self.version:
                self.figures = kept["figures"]

    def get(self, parameters, slice):
        return self.figures.get(json.dumps(parameters), {}).get(slice.key(self.kind))

    def keep(self, parameters, slice, figures):
        self.figures.setdefault(json.dumps(parameters), {})[slice.key(self.kind)] = figures
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
    """The slice where ours is least above the best rival, or most below it; nothing where there is no rival."""
    name = max((name for name in results if name in methods), key=lambda name: results[name]["score"], default=None)
    if name is None:
        return
    method, parameters = methods[name], results[name]["parameters"]
    rival_figures, our_figures = Results(out, kind, method), Results(out, kind, ours.method)
    slice = min(
        slices,
        key=lambda slice: our_figures.get({}, slice)["PSNR"] - rival_figures.get(parameters, slice)["PSNR"])
    path = out / "pictures" / f"{kind.folder}.png"
    noisy = read_noisy(slice, kind, out)
    kept = ours.denoised_path(slice, kind)
    denoised = tifffile.imread(kept) if kept.exists() else ours.denoised(slices, kind)[slices.index(slice)]
    write_picture(path, slice, kind, noisy, method.function(noisy, kind, **parameters), denoised, name, ours.label)
    print(f"{path}: {slice.patient}/{slice.name}", flush=True)


def main():
    options = parsed_arguments()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    slices = read_slices(options.slices, options.per_patient)
    kinds = [kind for kind in KINDS if options.kinds is None or kind.name in options.kinds]
    all_ours = [Ours(options.program, model, out, options.threads) for model in options.models]
    our_names = [ours.label for ours in all_ours]
    if len(set(our_names)) < len(our_names):
        raise SystemExit(f"--models: two would have the same name in the tables: {', '.join(our_names)}")
    if options.dncnn is None or not (options.dncnn / CHECKPOINT).exists():
        print(f"DnCNN is left out: no --dncnn with a {CHECKPOINT} of train_dncnn.py", flush=True)
        options.dncnn = None
    methods = {method.name: method for method in rivals(options.dncnn)}
    for name in (options.only or []) + options.again:
        if name not in [*methods, *our_names]:
            raise SystemExit(f"no method '{name}'; there are: {', '.join([*our_names, *methods])}")

    def is_wanted(name):
        return options.only is None or name in options.only

    results, missing = {}, []
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
                missing.append(f"{kind.name}: {method.name}")
                continue
            results[kind.name][method.name] = best
            print(f"{kind.name}: {method.name}: {best['score']:.2f} dB {best['parameters'] or ''}", flush=True)

    seconds_path = out / "seconds.json"
    seconds = json.loads(seconds_path.read_text()) if seconds_path.exists() else None
    about = context(options, slices, all_ours)
    # Before anything is timed, so that nothing is lost if that fails.
    write(out, about, results, our_names, seconds)
    if options.rounds > 0:
        seconds = measure_seconds(all_ours, slices, options.dncnn, out, options.threads, options.rounds)
        seconds_path.write_text(json.dumps(seconds, indent=1))
        write(out, about, results, our_names, seconds)
    print((out / TABLES).read_text(), flush=True)
    for kind in kinds:
        if not options.no_pictures and our_names[0] in results[kind.name]:
            draw_worst(all_ours[0], methods, kind, slices, results[kind.name], out)
    if options.document:
        missing += ["DnCNN"] * (options.dncnn is None) + ["seconds"] * (seconds is None)
        if missing:
            raise SystemExit(f"{DOCUMENT} stays as it is, because not measured: {'; '.join(missing)}")
        document((out / TABLES).read_text())


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


def write(out, about, results, our_names, seconds):
    """Tables and data."""
    (out / TABLES).write_text(tables.report(results, our_names, seconds, about))
    everything = {"about": about, "noise": results, "seconds": seconds}
    (out / "quality.json").write_text(json.dumps(everything, indent=1))
    tables.write_csv(out / "quality.csv", results)


def document(text):
    """Puts the tables where the documentation has them."""
    before, rest = DOCUMENT.read_text().split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
