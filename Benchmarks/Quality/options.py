"""What `make quality` is told. Needs no package: the script checks it before it installs or builds anything."""
import argparse
from pathlib import Path

from kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
PER_PATIENT = 3


def parsed_arguments():
    parser = argparse.ArgumentParser(
        prog="quality", description="Measures how well ctdenoise denoises, side by side with other methods.")
    parser.add_argument("slices", type=Path, help="folder with a folder of 16-bit PNGs (HU + 1024) for each patient")
    parser.add_argument("out", type=Path, help="folder for everything that is made")
    parser.add_argument(
        "--program", type=Path, default=ROOT / ".build/release/ctdenoise",
        help="instead of building it; its ctdenoise-probe lies beside it")
    parser.add_argument(
        "--models", nargs="+", default=["default"], metavar="MODEL",
        help="models inside the program (default, fast), which have a second network for slices with impulses, or"
        " files: a file is one network, which takes all slices; the first one is what aims are for")
    parser.add_argument("--dncnn", type=Path, help="folder that train_dncnn.py wrote; without it, DnCNN is left out")
    parser.add_argument(
        "--per-patient", type=int, default=PER_PATIENT, metavar="COUNT", help="slices of each patient at most; 0: all")
    parser.add_argument(
        "--kinds", nargs="+", choices=[kind.name for kind in KINDS], metavar="KIND",
        help=f"of noise; all if not said: {', '.join(kind.name for kind in KINDS)}".replace("%", "%%"))
    parser.add_argument("--only", nargs="+", metavar="METHOD", help="measure only these; the others are taken as kept")
    parser.add_argument("--again", nargs="+", metavar="METHOD", default=[], help="measure these anew, as if new")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of timing; 0: show what was measured before")
    parser.add_argument("--no-pictures", action="store_true", help="they run the best rivals again")
    parser.add_argument("--threads", type=int, default=2, help="for every method, also while it is timed")
    parser.add_argument(
        "--document", action="store_true",
        help="write the tables into docs/quality.md, too; needs everything: all kinds, DnCNN, times")
    options = parser.parse_args()
    if options.document:
        if options.kinds or options.per_patient != PER_PATIENT:
            parser.error("--document is for all kinds and the default --per-patient")
        if options.dncnn is None:
            parser.error("--document needs --dncnn")
    return options


if __name__ == "__main__":
    parsed_arguments()
