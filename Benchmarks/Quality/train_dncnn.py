#!/usr/bin/env python3
"""Trains DnCNN on the crops and the noise that `ctdenoise train` uses, so that the networks are what differs.

    python3 Benchmarks/Quality/train_dncnn.py TRAIN --out DIR --minutes 150 --threads 2 --validation VAL

Crops, noise, units, loss, the bound on the gradient and the averaging of weights follow `Sources/CTTraining` and the
recipe; batch and rate are DnCNN's own. Time is what the processor spent on it, divided by the threads: how far a
training gets does not depend on who else uses the machine. A run that was stopped goes on with `--resume`, with the
crops that it would have seen.
"""
import argparse
import copy
import csv
import json
import math
import os
import sys
import time
from pathlib import Path

# Threads that spin while they wait would count as work here, and take it from others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch
from PIL import Image

import dncnn

ROOT = Path(__file__).resolve().parents[2]
LOW, HIGH = np.float32(-1024), np.float32(1023)
RANGE = 2047.0


def read(path):
    """A slice in HU; 16-bit files hold HU + 1024."""
    with Image.open(path) as image:
        return np.asarray(image).astype(np.float32) - 1024


def read_groups(folder, crop):
    """All slices that are large enough, by patient, which is by folder."""
    groups = []
    for patient in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        slices = [read(path) for path in sorted(patient.rglob("*.png"))]
        slices = [slice for slice in slices if min(slice.shape) >= crop]
        if slices:
            groups.append(slices)
    if not groups:
        sys.exit(f"{folder}: no folder with PNG files of at least {crop}×{crop} in it; expected one for each patient")
    return groups


def draw_crop(groups, side, random):
    """As TrainingSlices.crop: patients equally often, flipped and transposed, mostly not of air alone."""
    for _ in range(4):
        slices = groups[random.integers(len(groups))]
        slice = slices[random.integers(len(slices))]
        y, x = (random.integers(length - side + 1) for length in slice.shape)
        crop = slice[y : y + side, x : x + side]
        way = random.integers(8)
        crop = crop[:: -1 if way & 2 else 1, :: -1 if way & 1 else 1]
        crop = crop.T if way & 4 else crop
        if crop.std() > 50:
            break
    return crop


def add_noise(clean, noise, random):
    """As NoiseRecipe.noisy, for all crops (batch, rows, columns) at once: the clean crops, clamped where they are, and
    the noisy ones."""
    column = (len(clean), 1, 1)
    kind, storage = random.random(column), random.random(column)
    sigma = random.random(column) * noise["white"] * RANGE
    density = random.random(column) * noise["impulses"]
    is_white = (kind < noise["whiteShare"]) | (kind >= noise["whiteShare"] + noise["impulseShare"])
    has_impulses = kind >= noise["whiteShare"]
    has_floor = storage < noise["floorShare"]
    has_range = ~has_floor & (storage < noise["floorShare"] + noise["rangeShare"])

    clean = np.where(has_range, clean.clip(LOW, HIGH), clean)
    noisy = clean + random.standard_normal(clean.shape, np.float32) * (sigma * is_white).astype(np.float32)
    chance = random.random(clean.shape)
    noisy = np.where(has_impulses & (chance < density), np.where(chance < density / 2, HIGH, LOW), noisy)
    noisy = np.where(has_floor | has_range, np.maximum(noisy, LOW), noisy)
    return clean, np.where(has_range, np.minimum(noisy, HIGH), noisy)


def make_batch(groups, recipe, batch, step):
    """Noisy crops and the noise in them, in the network's units; the same for the same step."""
    random = np.random.default_rng([recipe["seed"], step])
    clean = np.stack([draw_crop(groups, recipe["crops"][0]["rows"], random) for _ in range(batch)])
    clean, noisy = add_noise(clean, recipe["noise"], random)
    center, spread = recipe["network"]["center"], recipe["network"]["spread"]
    tensors = [torch.from_numpy(values.astype(np.float32))[:, None] for values in
               [(noisy - center) / spread, (noisy - clean) / spread]]
    return [tensor.contiguous(memory_format=torch.channels_last) for tensor in tensors]


def log_mean_squared_error(estimate, target, tolerance):
    """As LogMeanSquaredError: the mean over crops, which is the negative mean PSNR up to scale."""
    squared = (estimate - target).square().mean(dim=(1, 2, 3))
    return (squared + tolerance**2).log().mean()


class ValidationSet:
    """The middle of twelve slices with noise that stays the same, as Validation.swift has them."""

    def __init__(self, folder, recipe, limit=12, side=192):
        self.center, self.spread = recipe["network"]["center"], recipe["network"]["spread"]
        paths = sorted(Path(folder).rglob("*.png"))
        count = min(limit, len(paths))
        clean = []
        for index in range(count):
            slice = read(paths[index * len(paths) // count])
            y, x = ((length - side) // 2 for length in slice.shape)
            clean.append(slice[y : y + side, x : x + side])
        self.clean = np.stack(clean)
        random = np.random.default_rng(7)
        chance = random.random(self.clean.shape)
        kinds = {
            "white 25": self.clean + 25 / 255 * RANGE * random.standard_normal(self.clean.shape),
            "impulses 10 %": np.where(chance < 0.1, np.where(chance < 0.05, HIGH, LOW), self.clean),
        }
        # As a file holds them: not below its lowest value.
        self.kinds = {name: np.maximum(noisy, LOW).round().astype(np.float32) for name, noisy in kinds.items()}

    @torch.inference_mode()
    def psnr(self, network):
        """Mean PSNR in dB over slices, for each kind."""
        network.eval()
        results = {}
        for name, noisy in self.kinds.items():
            decibels = []
            for clean, image in zip(self.clean, noisy):
                shown = torch.from_numpy((image - self.center) / self.spread)[None, None]
                noise = network(shown.contiguous(memory_format=torch.channels_last))[0, 0].numpy() * self.spread
                decibels.append(10 * math.log10(RANGE**2 / np.mean((image - noise - clean) ** 2)))
            results[name] = sum(decibels) / len(decibels)
        return results


@torch.no_grad()
def average_into(average, network, step, decay):
    """Moves the average of weights, and of the statistics of batch normalization, towards the network. It starts as a
    plain mean, so that the first weights do not linger in it."""
    share = max(1 - decay, 1 / step)
    for kept, value in zip(average.state_dict().values(), network.state_dict().values()):
        if kept.dtype.is_floating_point:
            kept.lerp_(value, share)
        else:
            kept.copy_(value)


def save(path, contents):
    """Writes a checkpoint so that there always is a whole one."""
    partial = path.with_suffix(".partial")
    torch.save(contents, partial)
    os.replace(partial, path)


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("train", help="folder with a folder of clean slices for each patient, 16-bit PNG of HU + 1024")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and curve")
    parser.add_argument("--minutes", type=float, required=True, help="how long to train: processor time / threads")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--recipe", type=Path, default=ROOT / "Recipes/default.json")
    parser.add_argument("--validation", help="folder of slices to measure the curve on")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's largest")
    parser.add_argument("--resume", action="store_true", help="go on with the checkpoint in --out, if there is one")
    return parser.parse_args()


def main():
    options = parsed_arguments()
    recipe = json.loads(options.recipe.read_text())
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint_path = options.out / dncnn.CHECKPOINT
    torch.set_num_threads(options.threads)
    torch.manual_seed(recipe["seed"])
    network = dncnn.DnCNN().to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)
    step, spent, samples = 0, 0.0, 0
    if options.resume and checkpoint_path.exists():
        checkpoint = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
        network.load_state_dict(checkpoint["network"])
        average.load_state_dict(checkpoint["average"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        step, spent, samples = checkpoint["step"], checkpoint["minutes"], checkpoint["samples"]
    groups = read_groups(options.train, recipe["crops"][0]["rows"])
    validation = ValidationSet(options.validation, recipe) if options.validation else None
    curve = options.out / "curve.csv"
    if step == 0:
        curve.unlink(missing_ok=True)
    tolerance = recipe["tolerance"] / recipe["network"]["spread"]
    print(f"{len(groups)} patients, {sum(map(len, groups))} slices; from step {step}, {spent:.1f} minutes", flush=True)

    saved, measured, losses = spent, spent, []
    mark = time.process_time()
    while spent < options.minutes:
        network.train()
        rate = options.rate * min(1, (step + 1) / 200) * (1 + math.cos(math.pi * spent / options.minutes)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        noisy, noise = make_batch(groups, recipe, options.batch, step)
        loss = log_mean_squared_error(network(noisy), noise, tolerance)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe["clip"])
        optimizer.step()
        step += 1
        samples += options.batch
        average_into(average, network, step, recipe["averaging"])
        losses.append(loss.item())
        now = time.process_time()
        spent += (now - mark) / 60 / options.threads
        mark = now
        is_last = spent >= options.minutes
        if is_last or spent - measured >= 3:
            report(curve, step, spent, samples, losses, validation.psnr(average) if validation else {})
            measured, losses = spent, []
            mark = time.process_time()  # measuring is not training
        if is_last or spent - saved >= 2:
            save(checkpoint_path, {
                "network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                "step": step, "minutes": spent, "planned": options.minutes, "samples": samples, "batch": options.batch,
                "center": recipe["network"]["center"], "spread": recipe["network"]["spread"]})
            saved = spent


def report(curve, step, minutes, samples, losses, decibels):
    """Adds a line to the curve, and says it."""
    line = {"step": step, "minutes": round(minutes, 2), "crops": samples, "loss": round(sum(losses) / len(losses), 4)}
    line |= {f"PSNR {name}": round(value, 3) for name, value in decibels.items()}
    is_new = not curve.exists()
    with curve.open("a", newline="") as file:
        writer = csv.DictWriter(file, line)
        if is_new:
            writer.writeheader()
        writer.writerow(line)
    print("  ".join(f"{name} {value}" for name, value in line.items()), flush=True)


if __name__ == "__main__":
    main()
