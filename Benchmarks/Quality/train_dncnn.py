#!/usr/bin/env python3
"""Trains DnCNN on the crops and the noise that `ctdenoise train` uses, so that the networks are what differs.

    python3 Benchmarks/Quality/train_dncnn.py TRAIN… --out DIR --minutes 150 --threads 2 --validation VAL

Crops, noise, units, loss, gradient clipping and the averaging of weights follow `Sources/CTTraining` and the recipe;
the learning rate, pixels per step and the share of the time with small crops are chosen for DnCNN. Time is processor
time divided by the number of threads, so that a training does not depend on the other load of the machine. A stopped
run resumes with `--resume` from its last checkpoint, at most two minutes old.
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
import training_noise

ROOT = Path(__file__).resolve().parents[2]
# The share of the training from which on steps have few crops.
FEW_FROM = 1 / 3
LOW, HIGH = np.float32(-1024), np.float32(1023)
RANGE = 2047.0


def read(path):
    """A slice in HU; 16-bit files hold HU + 1024."""
    with Image.open(path) as image:
        return np.asarray(image).astype(np.float32) - 1024


def read_groups(folders, longest):
    """All slices that are large enough, by patient: each folder in `folders` is one, and what lies in these themselves
    is of one more, such as phantoms."""
    groups = []
    for folder in map(Path, folders):
        patients = sorted(path for path in folder.iterdir() if path.is_dir())
        for paths in [sorted(folder.glob("*.png")), *(sorted(patient.rglob("*.png")) for patient in patients)]:
            slices = [slice for slice in map(read, paths) if min(slice.shape) >= longest]
            if slices:
                groups.append(slices)
    if not groups:
        sys.exit(f"{', '.join(folders)}: no PNG files of at least {longest}×{longest} pixels, which the recipe needs")
    return groups


def crops_at(recipe, share):
    """What is drawn after this share of the training: the first two kinds of crops of the recipe. Those that come after
    them teach scans to run far, which convolutions do not do."""
    return recipe["crops"][:2][share >= FEW_FROM]


def draw_crop(groups, rows, columns, random):
    """As TrainingSlices.crop: patients equally often, flipped and transposed, mostly not of air alone."""
    for _ in range(4):
        slices = groups[random.integers(len(groups))]
        slice = slices[random.integers(len(slices))]
        way = random.integers(8)
        sides = (columns, rows) if way & 4 else (rows, columns)
        y, x = (random.integers(length - side + 1) for length, side in zip(slice.shape, sides))
        crop = slice[y : y + sides[0], x : x + sides[1]]
        crop = crop[:: -1 if way & 2 else 1, :: -1 if way & 1 else 1]
        crop = crop.T if way & 4 else crop
        if crop.std() > 50:
            break
    return crop


def add_noise(clean, noise, random):
    """Adds noise as TrainingNoise.noisy does, to all crops (batch, rows, columns) at once. Returns the clean crops,
    clamped where their noisy versions are, and the noisy ones."""
    column = (len(clean), 1, 1)
    kind, storage = random.random(column), random.random(column)
    choices = training_noise.choices(noise)
    ends = np.cumsum([choice.share for choice in choices[:-1]])
    chosen = np.searchsorted(ends, kind, side="right")
    sigma = random.random(column) * np.array([choice.white for choice in choices])[chosen] * RANGE
    density = random.random(column) * np.array([choice.impulses for choice in choices])[chosen]
    has_floor = storage < noise["floorShare"]
    has_range = ~has_floor & (storage < noise["floorShare"] + noise["rangeShare"])

    clean = np.where(has_range, clean.clip(LOW, HIGH), clean)
    noisy = clean + random.standard_normal(clean.shape, np.float32) * sigma.astype(np.float32)
    chance = random.random(clean.shape)
    noisy = np.where(chance < density, np.where(chance < density / 2, HIGH, LOW), noisy)
    noisy = np.where(has_floor | has_range, np.maximum(noisy, LOW), noisy)
    return clean, np.where(has_range, np.minimum(noisy, HIGH), noisy)


def make_batch(groups, recipe, share, pixels, step):
    """Noisy crops of about so many pixels together, and the noise in them, in the network's units; the same for the
    same step and crops."""
    random = np.random.default_rng([recipe["seed"], step])
    rows, columns = (crops_at(recipe, share)[name] for name in ["rows", "columns"])
    count = max(1, round(pixels / (rows * columns)))
    clean = np.stack([draw_crop(groups, rows, columns, random) for _ in range(count)])
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

    def __init__(self, folder, recipe, limit=12, side=384):
        self.center, self.spread = recipe["network"]["center"], recipe["network"]["spread"]
        slices = [slice for slice in map(read, sorted(Path(folder).rglob("*.png"))) if min(slice.shape) >= 64]
        if not slices:
            sys.exit(f"{folder}: no PNG files of at least 64×64 pixels to measure on")
        side = min(side, *(min(slice.shape) for slice in slices)) // 4 * 4
        count = min(limit, len(slices))
        clean = []
        for index in range(count):
            slice = slices[index * len(slices) // count]
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
    parser.add_argument(
        "train", nargs="+",
        help="folders with a folder of clean slices for each patient, 16-bit PNG of HU + 1024; files outside of these "
        "folders count as one more patient")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and curve")
    parser.add_argument("--minutes", type=float, required=True, help="how long to train: processor time / threads")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--recipe", type=Path, default=ROOT / "Recipes/default.json")
    parser.add_argument("--validation", help="folder of slices to measure the curve on")
    parser.add_argument("--batch", type=int, default=16, help="crops a step of 48×48; of others, of as many pixels")
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
        if checkpoint.get("recipe") != recipe:
            sys.exit(f"{checkpoint_path} is of another recipe than {options.recipe}; train into another --out")
        network.load_state_dict(checkpoint["network"])
        average.load_state_dict(checkpoint["average"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        step, spent, samples = checkpoint["step"], checkpoint["minutes"], checkpoint["samples"]
    longest = max(max(crops["rows"], crops["columns"]) for crops in recipe["crops"][:2])
    groups = read_groups(options.train, longest)
    validation = ValidationSet(options.validation, recipe) if options.validation else None
    curve = options.out / "curve.csv"
    if step == 0:
        curve.unlink(missing_ok=True)
    tolerance = recipe["tolerance"] / recipe["network"]["spread"]
    print(f"{len(groups)} patients, {sum(map(len, groups))} slices; from step {step}, {spent:.1f} minutes", flush=True)

    if spent >= options.minutes:
        print(f"nothing to do: {checkpoint_path} is of {spent:.1f} minutes", flush=True)
    saved, measured, losses = spent, spent, []
    mark = time.process_time()
    while spent < options.minutes:
        # Later steps have few crops, whose statistics differ from those in use; a small DnCNN lost more than 1 dB by
        # them. From then on batch normalization uses the running statistics.
        network.train(spent / options.minutes < FEW_FROM)
        rate = options.rate * min(1, (step + 1) / 200) * (1 + math.cos(math.pi * spent / options.minutes)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        noisy, noise = make_batch(groups, recipe, spent / options.minutes, options.batch * 48 * 48, step)
        loss = log_mean_squared_error(network(noisy), noise, tolerance)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe["clip"])
        optimizer.step()
        step += 1
        samples += len(noisy)
        average_into(average, network, step, recipe["averaging"])
        losses.append(loss.item())
        now = time.process_time()
        spent += (now - mark) / 60 / options.threads
        mark = now
        is_last = spent >= options.minutes
        is_measured = is_last or spent - measured >= 6
        if is_measured:
            report(curve, step, spent, samples, losses, validation.psnr(average) if validation else {})
            measured, losses = spent, []
            mark = time.process_time()  # measuring is not training
        # With every line of the curve, so that no line is of steps that a resumed run does again.
        if is_measured or spent - saved >= 2:
            save(checkpoint_path, {
                "network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
                "step": step, "minutes": spent, "planned": options.minutes, "samples": samples, "recipe": recipe})
            saved = spent
            mark = time.process_time()


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
