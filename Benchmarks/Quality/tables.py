"""Tables of the results, in Markdown and CSV."""
import csv
import statistics

from kinds import KINDS

SWITCHING = ["adaptive median", "switching median", "switching weighted mean"]
CHAINS = ["switching, TV", "switching, NLM", "switching, BM3D"]
# What ours should reach: kinds, rivals (the best of them counts), figure, by how much.
AIMS = [
    (["white 15", "white 25", "white 50"], ["BM3D"], "PSNR", 0.5),
    (["white 15", "white 25", "white 50"], ["DnCNN"], "PSNR", 0.1),
    (["white 15", "white 25", "white 50"], ["BM3D", "DnCNN"], "SSIM", 0),
    (["impulses 10 %", "impulses 30 %", "impulses 50 %"], SWITCHING, "PSNR", 3),
    (["white 25 + impulses 10 %", "white 25 + impulses 10 % clamped"], CHAINS, "PSNR", 1.5),
]


def table(head, rows):
    """A table in Markdown; the first column is text."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def mean(result, figure):
    return statistics.mean(result["figures"][figure].values())


def spread(result, figure):
    values = list(result["figures"][figure].values())
    return statistics.stdev(values) if len(values) > 1 else 0.0


def in_order(results, our_names):
    """Names of methods, ours first, then as they were measured."""
    names = list(dict.fromkeys(name for methods in results.values() for name in methods))
    return our_names + [name for name in names if name not in our_names]


def of_figure(results, our_names, figure, digits, best=None):
    """Methods by kinds: means over patients ± their standard deviation; the best mean in bold."""
    kinds = [kind.name for kind in KINDS if kind.name in results]
    rows = []
    for name in in_order(results, our_names):
        row = [f"**{name}**" if name in our_names else name]
        for kind in kinds:
            result = results[kind].get(name)
            if result is None or not result["figures"][figure]:
                row.append("–")
                continue
            value = mean(result, figure)
            text = f"{value:.{digits}f}"
            if best and value == best(mean(other, figure) for other in results[kind].values()):
                text = f"**{text}**"
            row.append(f"{text} ± {spread(result, figure):.{digits}f}")
        if any(cell != "–" for cell in row[1:]):
            rows.append(row)
    return table(["", *kinds], rows)


def of_aims(results, ours):
    """By how much ours is better than the best of the rivals that an aim names."""
    rows = []
    for kinds, names, figure, least in AIMS:
        for kind in kinds:
            there = {name: result for name, result in results.get(kind, {}).items() if name in names}
            if not there or ours not in results[kind]:
                continue
            rival = max(there, key=lambda name: mean(there[name], figure))
            theirs, own = mean(there[rival], figure), mean(results[kind][ours], figure)
            digits = 2 if figure == "PSNR" else 4
            missing = least - (own - theirs)
            rows.append([
                kind, figure, rival, f"{theirs:.{digits}f}", f"{own:.{digits}f}", f"{own - theirs:+.{digits}f}",
                f"≥ +{least}", "yes" if missing <= 0 else f"{missing:.{digits}f} short"])
    return table(["noise", "figure", "best rival", "its", "ours", "difference", "aim", "reached"], rows)


def of_parameters(results):
    """What tuning chose."""
    rows = []
    for kind, methods in results.items():
        for name, result in methods.items():
            if result["parameters"]:
                rows.append([kind, name, ", ".join(f"{key} {value}" for key, value in result["parameters"].items())])
    return table(["noise", "method", "parameters"], rows)


def of_seconds(seconds):
    """Times, and how many times ours each is."""
    ours = [name for name in seconds if name.startswith("ctdenoise")]
    shape = "×".join(map(str, next(iter(seconds.values())).get("shape", [512, 512])))
    head = ["", f"seconds a slice of {shape}", *(f"× {name}" for name in ours)]
    rows = []
    for name, times in seconds.items():
        ratios = [f"{times['median'] / seconds[own]['median']:.1f}" for own in ours]
        rows.append([f"**{name}**" if name in ours else name, f"{times['median']:.3f}", *ratios])
    return table(head, rows)


def report(results, our_names, seconds, context):
    """All tables in Markdown."""
    lines = [context, "", "### Aims", ""] + of_aims(results, our_names[0])
    for title, figure, digits, best in [
        ("PSNR, dB", "PSNR", 2, max),
        ("SSIM", "SSIM", 4, max),
        ("RMSE inside the body, HU", "RMSE in the body", 1, min),
        ("Grid, HU", "grid", 2, min),
        ("Bias in lung, HU", "bias in lung", 2, None),
        ("Bias in soft tissue, HU", "bias in soft tissue", 2, None),
        ("Bias in bone, HU", "bias in bone", 2, None),
    ]:
        lines += [f"### {title}", ""] + of_figure(results, our_names, figure, digits, best)
    if seconds:
        lines += ["### Seconds a slice", ""] + of_seconds(seconds)
    return "\n".join(lines + ["### Parameters that tuning chose", ""] + of_parameters(results))


def write_csv(path, results):
    """One row for each kind, method, figure and patient."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["noise", "method", "figure", "patient", "mean over slices"])
        for kind, methods in results.items():
            for name, result in methods.items():
                for figure, patients in result["figures"].items():
                    writer.writerows([kind, name, figure, patient, value] for patient, value in patients.items())
