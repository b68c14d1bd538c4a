#!/usr/bin/env python3
"""Measures how well ctdenoise removes real low-dose noise, side by side with other methods: `make quality-dose`.

PAIRS has full/, quarter/ and manifest.csv; CLEAN is a folder of slices with as little noise as can be had, beside a
manifest.csv with the noise of each. Both hold 16-bit PNGs with HU + 1024. docs/low-dose.md says what the sets are.
What rivals reach is kept in OUT: a run that was stopped goes on where it was.
"""
import argparse
import json
import shutil
import statistics
import subprocess
from pathlib import Path

import numpy as np

import observer
from rivals import RIVALS
from slices import TISSUES, Pair, figures, read, read_clean, read_pairs, stored, with_real_noise, write

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/low-dose.md"
BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"
LARGEST_NOISE = 11  # HU, of a clean slice
PER_PATIENT = 2
# Those that are tried on nodules, which are many slices.
OBSERVED = ["as it came", "BM3D, told the spectrum"]
# Nodules: tissue, diameter in mm, contrast in HU.
NODULES = [
    ("soft tissue", 4, 60), ("soft tissue", 6, 30), ("soft tissue", 8, 20), ("lung", 4, 100), ("lung", 6, 40),
    ("lung", 10, 15),
]


def arguments():
    parser = argparse.ArgumentParser(prog="dose_quality", description=__doc__.split("\n")[0])
    parser.add_argument("pairs", type=Path)
    parser.add_argument("clean", type=Path)
    parser.add_argument("out", type=Path, help="folder for everything that is made")
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/ctdenoise")
    parser.add_argument("--models", nargs="+", default=["default"], metavar="MODEL")
    parser.add_argument("--no-rivals", action="store_true", help="show only what is kept of them")
    parser.add_argument("--no-nodules", action="store_true")
    parser.add_argument("--document", action="store_true", help="put the tables into docs/, too")
    return parser.parse_args()


class Ours:
    """The program with a model and options, on whole folders."""

    def __init__(self, options, model, *words):
        self.program, self.model, self.words, self.out = options.program, model, words, options.out
        self.name = " ".join(["ctdenoise", model, *words])

    def __call__(self, pairs):
        folders = [self.out / "work" / name for name in ["noisy", "denoised"]]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        for pair in pairs:
            write(pair.noisy, folders[0] / f"{pair.name}.png")
        subprocess.run(
            [self.program, "denoise", folders[0], "-o", folders[1], "--stored", "hu+1024", "--model", self.model,
             *self.words], check=True, capture_output=True)
        return [read(folders[1] / f"{pair.name}.png") for pair in pairs]


def kept(path, make):
    """The JSON in a file; it is made first if there is none."""
    if not path.exists():
        found = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1))
    return json.loads(path.read_text())


def means(found):
    names = dict.fromkeys(name for slice in found for name in slice)
    return {name: statistics.mean(slice[name] for slice in found if name in slice) for name in names}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


# MARK: Slices


def measure_sets(options, sets):
    """Figures by set and method."""
    results = {}
    methods = {f"ctdenoise {model}": Ours(options, model) for model in options.models}
    methods[f"ctdenoise {options.models[0]} --strength 0.85"] = Ours(options, options.models[0], "--strength", "0.85")
    for name, pairs in sets.items():
        results[name] = {}
        for rival, function in RIVALS.items():
            path = options.out / "rivals" / name.replace(" ", "_") / f"{rival.replace(' ', '_')}.json"
            if path.exists() or not options.no_rivals:
                results[name][rival] = means(
                    kept(path, lambda: [figures(pair, function(pair)) for pair in pairs]))
                print(f"{name}: {rival}: {results[name][rival]['PSNR, soft tissue']:.2f} dB", flush=True)
        for label, ours in methods.items():
            results[name][label] = means([figures(pair, test) for pair, test in zip(pairs, ours(pairs))])
            print(f"{name}: {label}: {results[name][label]['PSNR, soft tissue']:.2f} dB", flush=True)
    return results


def tables_of_sets(results):
    parts = []
    methods = list(dict.fromkeys(method for found in results.values() for method in found))
    shown = [
        ("PSNR in −160…240 HU, dB", "PSNR, soft tissue", 2), ("PSNR in −1000…200 HU, dB", "PSNR, lung", 2),
        ("SSIM in −160…240 HU", "SSIM", 4), ("RMSE, HU", "RMSE", 1),
        *((f"Bias in {tissue}, HU", f"bias in {tissue}", 2) for tissue in TISSUES),
    ]
    for title, figure, digits in shown:
        rows = [
            [method] + [
                f"{results[name][method][figure]:.{digits}f}" if method in results[name] else "–" for name in results]
            for method in methods]
        parts += [f"### {title}", "", table(["", *results], rows), ""]
    return parts


# MARK: Nodules


def measure_nodules(options, clean, pairs):
    """Areas under the ROC curve by nodule and method, on real noise of the soft kernel."""
    random = np.random.default_rng(1)
    symmetries = [(turns, flip) for turns in range(4) for flip in [False, True]]

    def noise(index):
        field = np.rot90(pairs[index % len(pairs)].noise, symmetries[index * 5 % 8][0])
        return field[:, ::-1] if symmetries[index * 5 % 8][1] else field

    model = options.models[0]
    ours = {
        f"ctdenoise {model}": Ours(options, model),
        f"ctdenoise {model} --strength 0.85": Ours(options, model, "--strength", "0.85"),
        f"ctdenoise {model} --strength 0.5": Ours(options, model, "--strength", "0.5"),
    }
    methods = {name: RIVALS[name] for name in OBSERVED} | ours
    results = {}
    for number, (tissue, diameter, contrast) in enumerate(NODULES):
        label = f"{tissue}, {diameter} mm, {contrast} HU"
        centres = [observer.places(hu, TISSUES[tissue], random) for _, hu, _ in clean]
        slices = []
        for index, (name, hu, pixel) in enumerate(clean):
            marked = observer.with_nodules(hu, centres[index], diameter / pixel, contrast)
            for kind, image in [("absent", hu), ("present", marked)]:
                # Noise of its own for each, as two scans have.
                field = noise(2 * index + (kind == "present") + 3 * number)
                slices.append(Pair(f"{kind}_{index:02d}", image, stored(image + field), pixel))
        results[label] = {}
        for method, function in methods.items():
            def areas():
                tests = function(slices) if method in ours else [function(pair) for pair in slices]
                found = [
                    observer.responses(test, centres[index // 2], diameter / pair.pixel)
                    for index, (pair, test) in enumerate(zip(slices, tests))]
                # In pixels of the first slice; they hardly differ.
                kept = observer.contrast_kept(tests[0::2], tests[1::2], centres, diameter / slices[0].pixel, contrast)
                return [*observer.area_with_interval(found[0::2], found[1::2], np.random.default_rng(2)), kept]

            path = options.out / "nodules" / label.replace(" ", "_") / f"{method.replace(' ', '_')}.json"
            if method in ours:
                path.unlink(missing_ok=True)
            if path.exists() or method in ours or not options.no_rivals:
                results[label][method] = kept(path, areas)
                print(f"{label}: {method}: {results[label][method][0]:.3f}", flush=True)
    return results


def table_of_nodules(results):
    methods = list(dict.fromkeys(method for found in results.values() for method in found))
    rows = [
        [label] + [
            "{:.3f} ({:.3f}…{:.3f})".format(*found[method][:3]) if method in found else "–" for method in methods]
        for label, found in results.items()]
    means = [
        f"{statistics.mean(found[method][0] for found in results.values() if method in found):.3f}"
        for method in methods]
    title = "### Nodules: area under the ROC curve (95 % interval)"
    kept = [
        [label] + [f"{found[method][3]:.2f}" if method in found else "–" for method in methods]
        for label, found in results.items()]
    return [
        title, "", table(["", *methods], [*rows, ["mean", *means]]), "",
        "### Nodules: contrast that is left, of what was inserted", "", table(["", *methods], kept)]


def main():
    options = arguments()
    pairs = read_pairs(options.pairs)
    clean = read_clean(options.clean, LARGEST_NOISE, PER_PATIENT)
    sets = {f"pairs, {kernel}": pairs[kernel] for kernel in pairs}
    for kernel in pairs:
        for factor in [1, 2]:
            sets[f"{kernel} noise ×{factor}"] = with_real_noise(clean, pairs[kernel], factor)
    version = subprocess.run([options.program, "--version"], capture_output=True, text=True).stdout.strip()
    counts = ", ".join(f"{len(found)} of {name}" for name, found in sets.items())
    parts = [f"ctdenoise {version}. Slices: {counts}.", ""]
    parts += tables_of_sets(measure_sets(options, sets))
    if not options.no_nodules:
        parts += table_of_nodules(measure_nodules(options, clean, pairs["soft"]))
    text = "\n".join(parts).strip()
    (options.out / "low-dose.md").write_text(text + "\n")
    print(text)
    if options.document:
        before, rest = DOCUMENT.read_text().split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
