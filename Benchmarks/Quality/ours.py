"""Our program, as anybody would run it: it is given a folder, and nothing about the noise."""
import hashlib
import shutil
import subprocess
from pathlib import Path

import tifffile

from rivals import Method, always

ROOT = Path(__file__).resolve().parents[2]


class Ours:
    """The program with one of its models; a method like any other once it has denoised a kind of noise."""

    def __init__(self, program, model, out, threads):
        self.program, self.model, self.out, self.threads = Path(program), model, out, threads
        self.label = "ctdenoise" if model == "default" else f"ctdenoise {Path(model).stem}"
        facts = self.program.read_bytes()
        if Path(model).is_file():
            facts += Path(model).read_bytes()
        self.version = hashlib.sha256(facts).hexdigest()[:16]

    @property
    def method(self):
        return Method(self.label, None, always, version=self.version)

    def run(self, source, target):
        """Denoises a folder."""
        arguments = [] if self.model == "default" else ["--model", str(self.model)]
        command = [str(self.program), "denoise", str(source), "-o", str(target), "--overwrite", "-j", str(self.threads)]
        done = subprocess.run(command + arguments, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command + arguments)} failed: {done.stderr.strip()[-500:]}")

    def denoised(self, slices, kind):
        """All slices, by one call of the program."""
        target = self.out / "denoised" / self.label.replace(" ", "_") / kind.folder
        shutil.rmtree(target, ignore_errors=True)
        self.run(self.out / "noisy" / kind.folder, target)
        return [tifffile.imread(target / slice.patient / f"{slice.name}.tiff") for slice in slices]
