"""Our program, as anybody would run it: it is given a folder, and nothing about the noise."""
import hashlib
import shutil
import subprocess
from pathlib import Path

import tifffile

from options import ROOT
from rivals import Method, always

# The models inside the program; each has a second network, for slices with impulses.
BUNDLED = {name: ROOT / f"Sources/CBundledModels/{name}.safetensors" for name in ["default", "fast"]}


class Ours:
    """The program with one of its models; a method like any other once it has denoised a kind of noise."""

    def __init__(self, program, model, out, threads):
        self.program, self.model, self.out, self.threads = Path(program), model, out, threads
        self.label = "ctdenoise" if model == "default" else f"ctdenoise {Path(model).stem}"
        # Of a model inside the program, the one for white noise.
        self.model_file = BUNDLED.get(model, Path(model))
        if model not in BUNDLED and not self.model_file.is_file():
            raise SystemExit(f"--models: no file '{model}'; write {', '.join(BUNDLED)}, or the path of a file")
        facts = self.program.read_bytes()
        if model not in BUNDLED:
            facts += self.model_file.read_bytes()
        self.version = hashlib.sha256(facts).hexdigest()[:16]

    @property
    def method(self):
        return Method(self.label, None, always, version=self.version)

    def run(self, source, target):
        """Denoises a folder."""
        arguments = [] if self.model == "default" else ["--model", str(self.model)]
        command = [str(self.program), "denoise", str(source), "-o", str(target), "--overwrite", "--stored", "hu"]
        command += ["-j", str(self.threads)]
        done = subprocess.run(command + arguments, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command + arguments)} failed: {done.stderr.strip()[-500:]}")

    def denoised_path(self, slice, kind):
        return self.out / "denoised" / self.label.replace(" ", "_") / kind.folder / f"{slice.key(kind)}.tiff"

    def denoised(self, slices, kind):
        """All slices, by one call of the program."""
        target = self.out / "denoised" / self.label.replace(" ", "_") / kind.folder
        shutil.rmtree(target, ignore_errors=True)
        self.run(self.out / "noisy" / kind.folder, target)
        return [tifffile.imread(self.denoised_path(slice, kind)) for slice in slices]
