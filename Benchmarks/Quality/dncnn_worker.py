"""Runs DnCNN in a separate process with the installed PyTorch. Prints the seconds of an inference for each input line.

    python3 dncnn_worker.py ROWS COLUMNS THREADS fp32|bf16 [DNCNN]
"""
import sys
import time
from pathlib import Path

import torch

import dncnn


@torch.inference_mode()
def main(rows, columns, threads, precision, folder=None):
    torch.set_num_threads(int(threads))
    network = dncnn.load(Path(folder))[0] if folder else dncnn.DnCNN()
    network = network.eval().to(memory_format=torch.contiguous_format)
    image = torch.randn(1, 1, int(rows), int(columns))
    for _ in sys.stdin:
        begin = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            network(image)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
