"""How the build scales: images per second for one worker, two workers and Ray, stage by stage, and memory.

    python benchmarks/scale.py [--images 80] [--whole 1000 10000] [--split 100000 1000000] [--no-ray]

Photos are crops of the sample photos, each of its own. A rate is that of one stage run alone by the command line
(``--only``). It is run twice, for a few photos and then for all: what the second run did more, divided by the time it
took longer, so that the start-up of processes, workers and Ray is left out; it stands in a column of its own. Memory is
the largest resident set of the parent and of any one worker.

The second table is of whole builds of small photos, stage by stage: CPU time (user and system) of parent and workers
for one photo, which must not grow with their number, and the parent's high-water mark. ``export`` is the whole command
after the stages, split, shards and figures included; ``again`` the same command once more. Each includes the
start-up of parent and workers, about 5 s of CPU for those that have some.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import psutil
from PIL import Image

sys.path[0] = str(Path(__file__).parents[1])  # the folder of this file has a module named as the library

from perception20k.imaging import images  # noqa: E402
from perception20k.imaging.fingerprint import DTYPE, KEYS, TABLES  # noqa: E402
from perception20k.pipeline.scenes import scenes_of  # noqa: E402
from perception20k.publish.split import split  # noqa: E402

SAMPLE = Path(str(files("perception20k") / "sample"))
STAGES = ("sources", "score", "distort")
FEW = 4
TOO_SHORT = 0.1
"""Seconds: less says nothing beside a start-up of seconds that varies as much."""


@dataclass
class Measured:
    """One run of the command line."""

    seconds: float
    parent: float
    """Largest resident set, MB."""
    worker: float
    cpu: float = 0
    """Seconds of CPU, of the parent and all its workers."""


def make_photos(folder: Path, count: int, side: int) -> Path:
    """``count`` different photos with two annotated objects each, and a config; the config's path."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "photos").mkdir(parents=True)
    rng = np.random.default_rng(0)
    pool = [images.decode(path.read_bytes()) for path in sorted(SAMPLE.glob("*.[jp][pn]g"))]
    entries, boxes = [], []
    for number in range(count):
        photo = pool[number % len(pool)]
        if min(photo.shape[:2]) < side + 8:
            photo = cv2.resize(photo, None, fx=(scale := (side + 8) / min(photo.shape[:2])), fy=scale)
        y, x = (int(rng.integers(size - side)) for size in photo.shape[:2])
        crop = photo[y : y + side, x : x + side].copy()
        crop[:4, :8, 0] = np.frombuffer(number.to_bytes(4), np.uint8)[:, None]
        name = f"{number % 100:02d}/{number:06d}.jpg"
        (folder / "photos" / name).parent.mkdir(exist_ok=True)
        Image.fromarray(crop).save(folder / "photos" / name, quality=92)
        entries.append({"id": number, "file_name": name, "width": side, "height": side})
        third = side // 3
        boxes += [
            {"id": 2 * number, "image_id": number, "category_id": 1, "bbox": [8, 8, third, third]},
            {"id": 2 * number + 1, "image_id": number, "category_id": 2, "bbox": [side // 2, side // 2, third, third]},
        ]
    categories = [{"id": 1, "name": "left thing"}, {"id": 2, "name": "right thing"}]
    (folder / "coco.json").write_text(json.dumps({"images": entries, "annotations": boxes, "categories": categories}))
    config = {
        "sources": ["photos"],
        "annotations": {"coco": "coco.json"},
        "score": [{"metric": "brisque", "min": 0}],
        "samples_per_object": 2,
        "filters": {"min_delta_e": 0, "min_side": 16},
    }
    (folder / "my.yaml").write_text(json.dumps(config))
    return folder / "my.yaml"


def run(config: Path, out: Path, *arguments: str) -> Measured:
    """A build, measured."""
    return run_command("build", str(config), "--out", str(out), *arguments)


def run_command(*arguments: str) -> Measured:
    """The command line, its time and its memory, its workers watched."""
    command = [sys.executable, "-m", "perception20k", *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    measured = Measured(0, 0, 0)
    watcher = threading.Thread(target=_watch, args=(psutil.Process(process.pid), measured))
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    watcher.join()
    measured.seconds = time.perf_counter() - start
    measured.cpu = usage.ru_utime + usage.ru_stime
    return measured


def _watch(parent: psutil.Process, measured: Measured) -> None:
    while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
        try:
            measured.parent = max(measured.parent, _peak(parent.pid))
            for child in parent.children(recursive=True):
                measured.worker = max(measured.worker, _peak(child.pid))
        except (psutil.Error, OSError):
            pass  # it ended while it was looked at
        time.sleep(0.1)


def _peak(process: int) -> float:
    """High-water mark of a process's resident set, MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def stage_items(out: Path, stage: str) -> int:
    with sqlite3.connect(out / ".perception20k" / "journal.sqlite") as db:
        return int(db.execute("SELECT count(*) FROM results WHERE stage=?", (stage,)).fetchone()[0])


def rates(work: Path, count: int, side: int, with_ray: bool) -> None:
    config = make_photos(work / "rates", count, side)
    ways = {"1 worker": ["--workers", "1"], "2 workers": ["--workers", "2"]}
    if with_ray:
        ways["Ray, 2 CPUs"] = ["--workers", "2", "--executor", "ray"]
    print(f"{count} photos of {side}x{side}; images/s of each stage (samples/s for distort)")
    print(
        f"  {'':14}{'start-up s':>11}"
        + "".join(f"{stage:>10}" for stage in STAGES)
        + f"{'parent MB':>11}{'worker MB':>11}"
    )
    seconds: dict[str, list[float]] = {}
    for way, options in ways.items():
        out = work / "out" / way.replace(" ", "-")
        shutil.rmtree(out, ignore_errors=True)
        runs, startup = [], 0.0
        rates: list[float | None] = []
        for stage in STAGES:
            few = run(config, out, "--only", stage, "--limit", str(FEW), *options)
            before = stage_items(out, stage)
            rest = run(config, out, "--only", stage, *options)
            runs += [few, rest]
            startup = max(startup, few.seconds)
            seconds.setdefault(way, []).append(rest.seconds - few.seconds)
            took = rest.seconds - few.seconds
            rates.append((stage_items(out, stage) - 2 * before) / took if took > TOO_SHORT else None)
        cells = "".join(f"{'-' if rate is None else f'{rate:.1f}':>10}" for rate in rates)
        parent, worker = max(r.parent for r in runs), max(r.worker for r in runs)
        print(f"  {way:14}{startup:>11.1f}{cells}{parent:>11.0f}{worker:>11.0f}", flush=True)
    pairs = list(zip(seconds["1 worker"], seconds["2 workers"], strict=True))
    speedups = [f"{one / two:.2f}x" if min(one, two) > TOO_SHORT else "-" for one, two in pairs]
    whole = sum(seconds["1 worker"]) / sum(seconds["2 workers"])
    cells = "".join(f"{speedup:>10}" for speedup in speedups)
    print(f"  2 workers to 1{'':11}{cells}   together {whole:.2f}x (aim: 1.7)")


STEPS = ("sources", "score", "distort", "export", "verify", "again")


def whole(work: Path, counts: list[int], side: int) -> None:
    """A build stage by stage, its verification, and the same build again."""
    print(
        f"\nwhole builds of photos of {side}x{side}, two samples each, 2 workers: CPU ms a photo, peak MB of the parent"
    )
    print(f"  {'photos':>8}{'samples':>9}" + "".join(f"{step:>10}{'MB':>6}" for step in STEPS) + f"{'worker MB':>11}")
    for count in counts:
        config = make_photos(work / "whole", count, side)
        config.write_text(json.dumps({**json.loads(config.read_text()), "samples_per_object": 1}))
        out = work / "out" / f"whole-{count}"
        shutil.rmtree(out, ignore_errors=True)
        done = {stage: run(config, out, "--only", stage, "--workers", "2") for stage in STAGES}
        done["export"] = run(config, out, "--workers", "2")
        done["verify"] = run_command("verify", str(out), "--workers", "2")
        done["again"] = run(config, out, "--workers", "2")
        samples = json.loads((out / "stats.json").read_text())["samples"]
        cells = "".join(f"{1e3 * done[step].cpu / count:>10.2f}{done[step].parent:>6.0f}" for step in STEPS)
        worker = max(measured.worker for measured in done.values())
        print(f"  {count:>8}{samples:>9}{cells}{worker:>11.0f}", flush=True)
        shutil.rmtree(out)


def splits(counts: list[int]) -> None:
    """Scenes and split of made-up fingerprints and samples, one sample an image."""
    print("\nscenes and split of as many images: CPU seconds, and peak MB of the process in rising order")
    print(f"  {'images':>9}{'scenes':>9}{'split':>9}{'MB':>7}")
    rng = np.random.default_rng(0)
    for count in counts:
        prints = np.zeros((count, TABLES, KEYS), DTYPE)
        for name in DTYPE.names:
            prints[name] = rng.integers(0, np.iinfo(DTYPE[name]).max, prints.shape, DTYPE[name])
        ids = [f"{number:016x}" for number in range(count)]
        start = time.process_time()
        found = scenes_of(ids, ids, prints)
        middle = time.process_time()
        del prints
        kinds = rng.integers(0, [12, 5], (count, 2)).tolist()
        samples = (SimpleNamespace(image_id=i, group=g, severity=s) for i, (g, s) in zip(ids, kinds, strict=True))
        split(samples, 0.07, 0, scenes=dict(zip(ids, found, strict=True)))  # type: ignore[arg-type]
        end = time.process_time()
        print(f"  {count:>9}{middle - start:>9.1f}{end - middle:>9.1f}{_peak(os.getpid()):>7.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=80, help="photos for the rates, 0 for none")
    parser.add_argument("--side", type=int, default=768, help="their sides in pixels")
    parser.add_argument("--whole", type=int, nargs="*", default=[1000, 10000], help="photos for the whole builds")
    parser.add_argument("--split", type=int, nargs="*", default=[10**5, 10**6], help="images for scenes and split")
    parser.add_argument("--no-ray", action="store_true", help="leave Ray out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.images:
            rates(Path(folder), options.images, options.side, not options.no_ray)
        if options.split:
            splits(options.split)
        if options.whole:
            whole(Path(folder), options.whole, 96)


if __name__ == "__main__":
    main()
