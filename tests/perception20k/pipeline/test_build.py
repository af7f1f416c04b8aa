"""The build as a whole: same bytes under any number of workers, killed and resumed, run again, extended, refused."""

import fcntl
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from perception20k.config import Config, load_config
from perception20k.core.files import file_sha256
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import dataset_files
from perception20k.dataset.records import read_samples, read_sources
from perception20k.execution.local import LocalExecutor
from perception20k.imaging import images
from perception20k.pipeline.build import build
from perception20k.pipeline.verify import verify
from tests.perception20k.stepping import JOURNAL, Stepping
from tests.waiting import DEADLINE, until

ROOT = Path(__file__).parents[3]
Cli = Callable[..., subprocess.CompletedProcess[str]]


def config(folder: Path, photos: Path, **changes: Any) -> Path:
    """A small build of four real photos, one of them broken, one without enough objects."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    skimage = Path(str(files("skimage") / "data"))
    for path in (photos / "salon.png", skimage / "coffee.png", photos / "clock.jpg"):
        shutil.copy2(path, folder / "photos" / path.name)
    (folder / "photos" / "broken.jpg").write_bytes((photos / "city.jpg").read_bytes()[:5000])
    values = {
        "sources": ["photos/"],
        "annotations": {"coco": "package:perception20k/sample/instances.json"},
        "score": None,
        "samples_per_object": 3,
        "test_fraction": 0.3,
        **changes,
    }
    (folder / "my.yaml").write_text(json.dumps(values))
    return folder / "my.yaml"


def make(path: Path, out: Path) -> None:
    """A build in this process, which has everything in memory already, where its command line shows nothing more."""
    with LocalExecutor(1) as executor:
        build(load_config(path), out, executor)


def digests(root: Path) -> dict[str, str]:
    """Digest of every file of a dataset; the manifest's too."""
    layout = Layout(root)
    names = [*dataset_files(layout), "manifest.json"]
    return {name: file_sha256(root / name) for name in names}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, photos: Path, cli: Cli) -> tuple[Path, Path]:
    """A config, and the dataset an uninterrupted build with one worker made of it."""
    folder = tmp_path_factory.mktemp("whole")
    path = config(folder, photos)
    cli("build", path, "--out", folder / "one", "--workers", "1")
    return path, folder / "one"


def test_two_workers_give_the_same_bytes_as_one(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / one.name  # the name stands in the card
    cli("build", path, "--out", out, "--workers", "2")
    assert digests(out) == digests(one)


def test_a_killed_build_resumes_to_the_same_bytes(whole: tuple[Path, Path], tmp_path: Path) -> None:
    path, one = whole
    out = tmp_path / one.name
    # each moment is one of progress: the first file of each kind has appeared
    for moment in (
        ".config.yaml.*.tmp",
        "config.yaml",
        "images/source/*/*",
        "images/distorted/*/*",
        "shards/*",
        "figures/*",
    ):
        running = Stepping("build", path, "--out", out, "--workers", "2")
        while not list(out.glob(moment)):
            running.step()
        running.kill()
    make(path, out)
    assert digests(out) == digests(one)


def test_as_png_the_bytes_are_the_same_too_and_the_pixels_those_of_webp(
    whole: tuple[Path, Path], tmp_path: Path, photos: Path, cli: Cli
) -> None:
    path = config(tmp_path, photos, image_format="png")
    one, out = tmp_path / "a" / "d", tmp_path / "b" / "d"
    cli("build", path, "--out", one, "--workers", "1")
    running = Stepping("build", path, "--out", out, "--workers", "2")
    while not list(out.glob("images/distorted/*/*")):
        running.step()
    running.kill()
    cli("build", path, "--out", out, "--workers", "2")
    assert digests(out) == digests(one)
    cli("verify", one)
    rows = [row for shard in Layout(one).shards.iterdir() for row in pq.read_table(shard)["images"].to_pylist()]
    assert rows and all(row[-1]["path"].endswith(".png") and row[-1]["bytes"].startswith(b"\x89PNG") for row in rows)
    samples, of_webp = (read_samples(Layout(root).recipe) for root in (one, whole[1]))
    assert [s.pixels_sha256 for s in samples] == [s.pixels_sha256 for s in of_webp]
    cli("rebuild", Layout(one).recipe, "--sources", tmp_path / "photos", "--out", tmp_path / "again")
    for sample in samples:
        assert (tmp_path / "again" / sample.file).read_bytes() == (one / sample.file).read_bytes()
    refused = cli("build", whole[0], "--out", one, check=False)
    assert refused.returncode == 1 and "different: image_format" in refused.stderr


def test_a_second_run_does_nothing_and_says_so(whole: tuple[Path, Path], cli: Cli) -> None:
    path, one = whole
    before = {p: p.stat().st_mtime_ns for p in one.rglob("*") if p.is_file() and ".perception20k" not in p.parts}
    said = cli("build", path, "--out", one).stdout
    assert "Nothing to do" in said
    after = {p: p.stat().st_mtime_ns for p in one.rglob("*") if p.is_file() and ".perception20k" not in p.parts}
    assert {p.name for p in before if before[p] != after[p]} <= {"config.yaml"}


def test_a_lost_image_is_made_again(whole: tuple[Path, Path], tmp_path: Path) -> None:
    path, one = whole
    out = tmp_path / one.name
    shutil.copytree(one, out)
    next((out / "images" / "distorted").glob("*/*.webp")).unlink()
    make(path, out)
    assert digests(out) == digests(one)


def test_damaged_images_are_found_by_the_export_and_made_again_by_the_build(
    whole: tuple[Path, Path], tmp_path: Path, cli: Cli
) -> None:
    path, one = whole
    out = tmp_path / one.name
    shutil.copytree(one, out)
    layout = Layout(out)
    flipped = [next(layout.source_images.glob("*/*")), next(layout.distorted_images.glob("*/*"))]
    for image in flipped:
        data = bytearray(image.read_bytes())
        data[len(data) // 2] ^= 1
        image.write_bytes(bytes(data))
    layout.manifest.unlink()  # so that shards are written again
    refused = cli("export", out, check=False)
    assert refused.returncode == 1 and "and 1 more: missing, or the bytes differ" in refused.stderr
    said = cli("build", path, "--out", out, "--workers", "1").stdout
    assert "2 images are missing or damaged and are made again" in said
    assert digests(out) == digests(one)
    assert {p.name for p in (out / ".perception20k" / "damaged").iterdir()} == {image.name for image in flipped}


@pytest.mark.slow
def test_a_source_that_another_encoder_writes_is_recorded_as_it_is_now(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def newer(image: np.ndarray, _: str) -> tuple[bytes, str]:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "WEBP", lossless=True, quality=0, method=1)
        return buffer.getvalue(), ".webp"

    layout = Layout(tmp_path / "d")
    # its odd colours are encoded anew; it is first read in another process, by the encoder that is installed
    whole = Config((str(photos / "salon.png"),), objects="whole-image", score=None, test_fraction=0)
    with LocalExecutor(1) as executor, monkeypatch.context() as updated:
        updated.setattr(images, "encode", newer)
        build(whole, layout.root, executor)
        assert verify(layout.root) == []
        [source] = read_sources(layout.sources)
        (layout.root / source.file).unlink()
        updated.undo()
        build(whole, layout.root, executor)
    assert verify(layout.root) == []
    assert (
        read_sources(layout.sources)
        == [replace(source, file_sha256=file_sha256(layout.root / source.file))]
        != [source]
    )


def has_worker(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):  # one that ends while it is looked at
        return any("spawn_main" in " ".join(child.cmdline()) for child in psutil.Process(pid).children())
    return False


@pytest.mark.slow
def test_ctrl_c_ends_with_the_promised_message_and_no_workers_traceback(tmp_path: Path, photos: Path) -> None:
    out = tmp_path / "d"
    command = [sys.executable, "-m", "perception20k", "build", str(config(tmp_path, photos)), "--out", str(out)]
    running = subprocess.Popen(
        [*command, "--workers", "2"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a background job's tests run without it
    )
    until(lambda: running.poll() is not None or has_worker(running.pid))
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the parent, and workers that are only just starting
    _, said = running.communicate(timeout=DEADLINE)
    assert running.returncode == 130
    assert "interrupted; run the same command again to resume" in said and "Traceback" not in said


def test_a_first_start_that_failed_can_simply_be_run_again(whole: tuple[Path, Path], tmp_path: Path) -> None:
    path, one = whole
    out = tmp_path / one.name
    (out / ".perception20k").mkdir(parents=True)
    (out / ".config.yaml.123.tmp").write_text("sourc")  # the disk was full, or the process killed
    make(path, out)
    assert digests(out) == digests(one)


def test_what_failed_and_what_was_filtered_is_listed_with_its_reason(whole: tuple[Path, Path]) -> None:
    rows = [
        json.loads(line) for p in sorted((whole[1] / "quarantine").iterdir()) for line in p.read_text().splitlines()
    ]
    failed = {row["item"]: row["error"] for row in rows if "error" in row}
    dropped = {row["item"]: row["reason"] for row in rows if "reason" in row}
    assert failed.keys() == {"broken.jpg"} and "damaged image" in failed["broken.jpg"]
    assert "fewer than 2" in dropped["clock.jpg"]
    assert "over 90%" in dropped["clock.jpg: clock"]


def test_outside_the_box_nothing_changed_and_inside_something_did(whole: tuple[Path, Path]) -> None:
    layout = Layout(whole[1])
    sources = {s.image_id: s for s in read_sources(layout.sources)}
    samples = read_samples(layout.recipe)
    assert samples
    for sample in samples:
        source = images.decode((layout.root / sources[sample.image_id].file).read_bytes())
        distorted = images.decode((layout.root / sample.file).read_bytes())
        x1, y1, x2, y2 = sample.box
        assert not np.array_equal(source[y1:y2, x1:x2], distorted[y1:y2, x1:x2])
        distorted[y1:y2, x1:x2] = source[y1:y2, x1:x2]
        assert np.array_equal(source, distorted)


def test_a_source_is_kept_as_its_bytes_if_every_reader_sees_its_pixels_in_them(whole: tuple[Path, Path]) -> None:
    layout = Layout(whole[1])
    for source in read_sources(layout.sources):
        kept, original = layout.root / source.file, whole[0].parent / "photos" / source.origin
        with Image.open(kept) as image:
            assert images.image_id(np.array(image.convert("RGB"))) == source.image_id
        assert (kept.read_bytes() == original.read_bytes()) == (source.origin != "salon.png")  # has an HLG profile
        assert source.licence and source.author


def test_the_same_pixels_in_another_file_are_copied_anew(tmp_path: Path, photos: Path, cli: Cli) -> None:
    path, out = config(tmp_path, photos, samples_per_object=1), tmp_path / "d"
    make(path, out)
    photo = tmp_path / "photos" / "salon.png"
    pixels = Image.fromarray(images.decode(photo.read_bytes()))
    rating = PngInfo()
    rating.add_text("rating", "5")
    pixels.save(photo, pnginfo=rating)
    samples = read_samples(Layout(out).recipe)
    make(path, out)
    cli("verify", out)
    assert read_samples(Layout(out).recipe) == samples


@pytest.mark.slow
def test_boxes_go_to_no_photo_that_only_has_the_name(tmp_path: Path, photos: Path) -> None:
    path = config(tmp_path, photos, samples_per_object=1, sources=["photos/", "other/"])
    (tmp_path / "other").mkdir()
    pixels = images.decode((photos / "salon.png").read_bytes())
    Image.fromarray(255 - pixels).save(tmp_path / "other" / "salon.png")
    make(path, tmp_path / "d")
    reasons = (tmp_path / "d" / "quarantine" / "objects.jsonl").read_text()
    assert reasons.count("ambiguous: 'salon.png' matches salon.png and other/salon.png") == 2
    assert {s.origin for s in read_samples(Layout(tmp_path / "d").recipe)} == {"coffee.png"}
    (tmp_path / "photos" / "salon.png").write_bytes(b"damaged")
    make(path, tmp_path / "d2")  # the other one does not inherit them
    assert {s.origin for s in read_samples(Layout(tmp_path / "d2").recipe)} == {"coffee.png"}


def test_one_build_at_a_time(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / "d"
    shutil.copytree(one, out)
    with (out / ".perception20k" / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = cli("build", path, "--out", out, check=False)
        assert refused.returncode == 1 and "another process is using it" in refused.stderr
        assert cli("build", path, "--out", out, "--dry-run").returncode == 0
    assert "Nothing to do" in cli("build", path, "--out", out).stdout


def test_a_limit_that_would_drop_samples_is_named(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / "d"
    shutil.copytree(one, out)
    refused = cli("build", path, "--out", out, "--limit", "1", check=False)
    assert refused.returncode == 1 and "--limit 1 leaves them out" in refused.stderr


@pytest.mark.slow
def test_names_with_line_breaks_of_other_kinds_end_no_build(tmp_path: Path, photos: Path) -> None:
    path = config(tmp_path, photos, samples_per_object=1)
    for name in ("a\u2028b.jpg", "x\x85y.jpg", "x\ny.jpg"):
        (tmp_path / "photos" / name).write_bytes(b"broken")
    make(path, tmp_path / "d")
    make(path, tmp_path / "d")


def test_a_dry_run_says_how_much_may_come(tmp_path: Path, photos: Path, cli: Cli) -> None:
    path = config(tmp_path, photos)
    said = cli("build", path, "--out", tmp_path / "d", "--dry-run").stdout
    assert "distort: 0 known" in said
    assert re.search(r"up to [1-9]\d* more images may come from earlier stages", said)


def test_a_damaged_journal_is_told_in_a_line(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / "d"
    shutil.copytree(one, out)
    Layout(out).stamp.unlink()  # a build with nothing to do does not open its journal
    (out / ".perception20k" / "journal.sqlite").write_bytes(b"not a database" * 1000)
    done = cli("build", path, "--out", out, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "journal.sqlite: file is not a database" in done.stderr


def test_no_source_image_is_in_both_parts(built_dataset: Path) -> None:
    samples = read_samples(Layout(built_dataset).recipe)
    parts = {part: {s.image_id for s in samples if s.split == part} for part in ("train", "test")}
    assert parts["train"] and parts["test"] and parts["train"].isdisjoint(parts["test"])


def test_more_samples_keep_the_earlier_ones(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / "more"
    shutil.copytree(one, out)
    bigger = path.with_name("bigger.yaml")
    bigger.write_text(path.read_text().replace('"samples_per_object": 3', '"samples_per_object": 4'))
    refused = cli("build", bigger, "--out", out, check=False)
    assert refused.returncode == 1
    assert "built with another configuration (different: samples_per_object)" in refused.stderr
    assert digests(out) != {} and (out / "manifest.json").exists()
    cli("build", bigger, "--out", out, "--force", "--workers", "1")
    few, many = ({s.sample_id for s in read_samples(Layout(root).recipe)} for root in (one, out))
    assert few < many


def test_a_first_build_that_has_not_finished_goes_on_with_a_mended_configuration(
    whole: tuple[Path, Path], tmp_path: Path, cli: Cli
) -> None:
    path, one = whole
    out = tmp_path / one.name
    other = path.with_name("unfinished.yaml")
    other.write_text(path.read_text().replace('"samples_per_object": 3', '"samples_per_object": 4'))
    running = Stepping("build", other, "--out", out, "--workers", "1")
    while running.at != JOURNAL or not any((out / "images" / "distorted").rglob("*.webp")):
        running.step()
    running.kill()
    said = cli("build", path, "--out", out, "--workers", "1").stdout
    assert "goes on with another configuration (different: samples_per_object)" in said
    assert digests(out) == digests(one)


def test_a_forced_build_that_is_killed_leaves_the_dataset_what_it_was(
    whole: tuple[Path, Path], tmp_path: Path, cli: Cli
) -> None:
    path, one = whole
    out = tmp_path / one.name
    shutil.copytree(one, out)
    other = path.with_name("other.yaml")
    other.write_text(path.read_text().replace('"samples_per_object": 3', '"samples_per_object": 4'))
    running = Stepping("build", other, "--out", out, "--force", "--workers", "1")
    while running.at != JOURNAL:  # samples of the other configuration have been made
        running.step()
    running.kill()
    refused = cli("build", other, "--out", out, check=False)
    assert "built with another configuration (different: samples_per_object)" in refused.stderr
    assert "up to date" in cli("export", out).stdout
    make(path, out)
    assert digests(out) == digests(one)


def test_no_file_of_a_dataset_tells_where_it_was_made(whole: tuple[Path, Path]) -> None:
    path, one = whole
    here = str(path.parent)
    layout = Layout(one)
    assert here in layout.local_config.read_text()  # what is looked for would be found
    for name in [*dataset_files(layout), "manifest.json"]:
        data = (one / name).read_bytes()
        text = repr(pq.read_table(one / name).to_pydict()) if name.endswith(".parquet") else ""
        assert here.encode() not in data and here not in text, name


def test_moved_sources_are_told_and_make_the_same_dataset(whole: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    path, one = whole
    out = tmp_path / one.name
    shutil.copytree(one, out)
    shutil.copytree(path.parent / "photos", tmp_path / "elsewhere")  # times of change are kept
    gone = path.with_name("gone.yaml")
    gone.write_text(path.read_text().replace("photos/", str(tmp_path / "gone" / "photos"), 1))
    missing = cli("build", gone, "--out", out, check=False)
    assert missing.returncode == 1 and "--sources" in missing.stderr
    renamed = path.with_name("renamed.yaml")
    renamed.write_text(path.read_text().replace("photos/", str(tmp_path / "elsewhere"), 1))
    refused = cli("build", renamed, "--out", out, check=False)
    assert refused.returncode == 1 and "(different: sources)" in refused.stderr and "--sources" in refused.stderr
    said = cli("build", gone, "--out", out, "--sources", tmp_path / "elsewhere").stdout
    assert "Nothing to do" in said
    assert digests(out) == digests(one)


def test_samples_are_not_dropped_without_a_word(
    whole: tuple[Path, Path], tmp_path: Path, photos: Path, cli: Cli
) -> None:
    path = config(tmp_path, photos)
    make(path, tmp_path / "d")
    before = digests(tmp_path / "d")
    (tmp_path / "photos" / "salon.png").unlink()
    refused = cli("build", path, "--out", tmp_path / "d", check=False)
    assert refused.returncode == 1 and "samples of the dataset would be removed" in refused.stderr
    assert digests(tmp_path / "d") == before


@pytest.mark.parametrize(
    ("make", "message", "code"),
    [
        (lambda p: (p / "notes.txt").write_text("mine"), "not empty, and not a Perception20K dataset", 1),
        (lambda p: None, "", 0),
    ],
)
def test_a_directory_that_is_not_ours_is_left_alone(
    tmp_path: Path, photos: Path, cli: Cli, make: Callable[[Path], object], message: str, code: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    make(out)
    path = config(tmp_path, photos, samples_per_object=1)
    done = cli("build", path, "--out", out, "--workers", "1", check=False)
    assert done.returncode == code
    assert message in done.stderr
    if code:
        assert [p.name for p in out.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("changes", "message", "code"),
    [
        ({"samples_per_objekt": 2}, "unknown key 'samples_per_objekt'. Did you mean 'samples_per_object'?", 2),
        ({"sources": ["nowhere/"]}, "nowhere: no such file or folder", 1),
        ({"annotations": {"coco": "none.json"}}, "none.json: no such file. Check the config's 'annotations'", 2),
        ({"score": [{"metric": "brisk"}]}, "unknown metric 'brisk'. Did you mean 'brisque'?", 2),
        ({"preset": "mine"}, "unknown preset 'mine'. Known: refine-iqa, depictqa-v2, kadid-10k", 2),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    tmp_path: Path, photos: Path, cli: Cli, changes: dict[str, Any], message: str, code: int
) -> None:
    done = cli("build", config(tmp_path, photos, **changes), "--out", tmp_path / "d", check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("perception20k: ")]
    assert done.returncode == code
    assert len(lines) == 1 and message in lines[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["annotations", "scenes", "split", "credits", "score"])
def test_a_faulty_table_is_told_before_the_first_photo_is_decoded(
    tmp_path: Path, photos: Path, cli: Cli, key: str
) -> None:
    (tmp_path / "faulty.csv").write_text("a,b\n1,2\n")
    spec: dict[str, Any] = {
        "annotations": {"csv": "faulty.csv"},
        "credits": {"table": "faulty.csv"},
        "score": [{"metric": "mos", "table": "faulty.csv", "range": [1, 5]}],
    }
    path = config(tmp_path, photos, **{key: spec.get(key, "faulty.csv")})
    done = cli("build", path, "--out", tmp_path / "d", check=False)
    assert done.returncode and "faulty.csv: " in done.stderr and "Sources:" not in done.stdout


def test_a_config_that_is_not_there_is_named(tmp_path: Path, cli: Cli) -> None:
    done = cli("build", tmp_path / "no.yaml", check=False)
    assert done.returncode == 2 and "no.yaml: no such config file" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_stops_the_build_with_one_line(tmp_path: Path, photos: Path) -> None:
    # a limit on file size fails the same write a full disk does, without filling the disk
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "sys.argv = ['perception20k', *sys.argv[1:]]; from perception20k.cli import main; main()"
    )
    path = config(tmp_path, photos)
    done = subprocess.run(
        [sys.executable, "-c", script, "build", str(path), "--out", str(tmp_path / "d"), "--workers", "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "d").rglob("*.tmp"))
    assert not (tmp_path / "d" / "manifest.json").exists()
    make(path, tmp_path / "d")
