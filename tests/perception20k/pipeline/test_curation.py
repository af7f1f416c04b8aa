"""The whole chain with the true code of every backend: photos and a video in, named and boxed scenes out."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.config import load_config
from perception20k.core.errors import UserError
from perception20k.core.files import file_sha256
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import dataset_files
from perception20k.dataset.records import read_samples, read_sources
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import build
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.stages.describe import prompt
from tests.perception20k.fake_api import FakeApi
from tests.perception20k.stepping import JOURNAL, ROOT, Stepping
from tests.tiny_models import build_tiny_dino
from tests.tiny_vlm import build_tiny
from tests.waiting import DEADLINE

KEY = "AIza-secret-of-the-lab-0123456789"
Cli = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("key")]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny detector and a tiny vision-language model."""
    folder = tmp_path_factory.mktemp("models")
    build_tiny_dino(folder / "dino")
    build_tiny(folder / "vlm", [prompt(), "dog | red car"])
    return folder


def answer(digest: str) -> str:
    """An answer that depends on the picture."""
    return f"{['dog', 'lamp', 'red cup'][int(digest[0], 16) % 3]} | wooden chair | tall man"


def config(folder: Path, photos: Path, models: Path, api: FakeApi, video: bool = True, **changes: Any) -> Path:
    """Four small photos, one of them twice, and a video; a random detector boxes anything anywhere."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    for name in ("salon.png", "nuthatch.jpg", "clock.jpg", "tulips.png"):
        with Image.open(photos / name) as photo:
            photo.convert("RGB").resize((240, 180)).save(folder / "photos" / f"{Path(name).stem}.png")
    shutil.copy2(folder / "photos" / "salon.png", folder / "photos" / "twin.png")
    if video:
        shutil.copy2(photos / "dog_indoors.mp4", folder / "photos")
    values = {
        "sources": ["photos/"],
        "score": [{"metric": "brisque", "min": 0}],
        "describe": {
            "model": "gemini-test",
            "base_url": api.url,
            "calls": {"first_wait": 0.01, "per_minute": 1e6, "attempts": 3, "at_once": 2},
        },
        "detect": {"model": str(models / "dino"), "threshold": 0},
        "filters": {"min_side": 8, "min_box": 0.0001, "max_box": 1, "max_iou": 1, "min_delta_e": 0},
        "max_frames_per_video": 2,
        "test_fraction": 0.3,
        **changes,
    }
    (folder / "my.yaml").write_text(json.dumps(values))
    return folder / "my.yaml"


def digests(root: Path) -> dict[str, str]:
    """Digest of every file of a dataset; the manifest's too."""
    names = [*dataset_files(Layout(root)), "manifest.json"]
    return {name: file_sha256(root / name) for name in names}


def run(path: Path, out: Path, **scope: Any) -> str:
    """A build in this process, which has torch in memory already; what it said."""
    said: list[str] = []
    with LocalExecutor(1) as executor:
        build(
            load_config(path), out, executor, scope=BuildScope(**scope), reporter=Reporter(said.append, progress=False)
        )
    return "\n".join(said)


def quarantine(root: Path) -> dict[str, str]:
    texts = [path.read_text() for path in sorted((root / "quarantine").iterdir())]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    return {f"{row['stage']}: {row['item']}": row.get("error") or row["reason"] for row in rows}


def test_photos_and_a_video_become_named_and_boxed_scenes_the_same_whoever_works(
    tmp_path: Path, photos: Path, models: Path, cli: Cli
) -> None:
    with FakeApi(answer) as api:
        path = config(tmp_path, photos, models, api)
        run(path, tmp_path / "one" / "d")
        assert len(api.requests) == len(api.answered) == 6 and api.most_under_way <= 2
        cli("build", path, "--out", tmp_path / "two" / "d", "--workers", "2")
        cli("build", path, "--out", "ray/d", "--workers", "2", "--executor", "ray", cwd=tmp_path)
    one = Layout(tmp_path / "one" / "d")
    assert digests(one.root) == digests(tmp_path / "two" / "d") == digests(tmp_path / "ray" / "d")
    sources = read_sources(one.sources)
    assert {s.origin for s in sources} == {
        "salon.png", "nuthatch.png", "clock.png", "tulips.png", "dog_indoors.mp4#frame=10", "dog_indoors.mp4#frame=30"
    }  # fmt: skip
    for source in sources:
        assert set(source.scores) == {"brisque"}
        assert {item.name for item in source.objects} >= {"wooden chair", "tall man"}
        assert all(item.score is not None and 0 <= item.score <= 1 for item in source.objects)
    frame = next(s for s in sources if s.frame == 30)
    assert frame.timestamp is not None and frame.timestamp > 0.5
    assert len(read_samples(one.recipe)) == sum(len(s.objects) for s in sources)
    assert quarantine(one.root)["sources: twin.png"] == "the same pixels as salon.png"
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in everything and api.keys == {KEY}
    manifest = json.loads(one.manifest.read_text())
    assert manifest["objects"]["named_by"] == "gemini gemini-test" and manifest["objects"]["boxed_by"] == "dino"
    assert "named by gemini gemini-test (prompt `objects.v1`) and boxed by dino" in one.card.read_text()


def test_several_metrics_must_agree_and_stand_in_the_manifest_and_the_card(
    tmp_path: Path, photos: Path, models: Path
) -> None:
    with FakeApi(answer) as api:
        score = [{"metric": "brisque", "min": 0}, {"metric": "piqe", "min": 50}]
        path, out = config(tmp_path, photos, models, api, video=False, score=score), tmp_path / "d"
        run(path, out)
    kept = read_sources(Layout(out).sources)
    dropped = [why for item, why in quarantine(out).items() if item.startswith("score")]
    assert kept and len(kept) + len(dropped) == 4
    assert all(set(s.scores) == {"brisque", "piqe"} and s.scores["piqe"] >= 50 for s in kept)
    assert all(re.fullmatch(r"piqe \d+\.\d is below 50", why) for why in dropped)
    notes, card = json.loads(Layout(out).manifest.read_text())["metrics"], Layout(out).card.read_text()
    assert [(note["name"], note["min"]) for note in notes] == [("brisque", 0), ("piqe", 50)]
    for note in notes:
        assert f"| {note['rule']} | {note['revision']} | {note['licence']} |" in card


def test_trouble_of_every_kind_ends_in_the_quarantine_or_in_the_next_run(
    tmp_path: Path, photos: Path, models: Path
) -> None:
    with FakeApi(answer) as api:
        calls = {"first_wait": 0.01, "per_minute": 1e6, "attempts": 2, "at_once": 1}
        describe = {"model": "gemini-test", "base_url": api.url, "calls": calls}
        path = config(tmp_path, photos, models, api, video=False, describe=describe)
        out = tmp_path / "d"
        # in the order of their names: clock, nuthatch, salon, tulips; two attempts each
        api.script.extend(["safety", "Here you are: a dog, and a car!", "503", "429", "500", "ok"])
        run(path, out)
        reasons = quarantine(out)
        assert reasons["describe: clock.png"] == "blocked by Gemini: SAFETY"
        assert reasons["describe: nuthatch.png"].startswith("not an answer in the form 'a | b | c'")
        assert "gave no answer: 429 RESOURCE_EXHAUSTED" in reasons["describe: salon.png"]
        assert "describe: tulips.png" not in reasons and len(api.requests) == 6
        # what may pass is asked again, and nothing else
        run(path, out)
        assert len(api.requests) == 7 and "describe: salon.png" not in quarantine(out)
        assert {s.origin for s in read_sources(Layout(out).sources)} == {"salon.png", "tulips.png"}
        # what was refused is asked again when it is wished; an answer, however useless, is paid for
        run(path, out, retry_failed="describe")
        assert len(api.requests) == 8 and "describe: clock.png" not in quarantine(out)


def test_a_revoked_key_stops_with_one_line_that_does_not_hold_it(
    tmp_path: Path, photos: Path, models: Path, cli: Cli
) -> None:
    with FakeApi(answer) as api:
        api.script.extend(["revoked"] * 9)
        done = cli("build", config(tmp_path, photos, models, api, video=False), "--out", tmp_path / "d", check=False)
        assert done.returncode == 1 and "Gemini refuses the key" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr and KEY not in done.stderr + done.stdout
        assert len(api.requests) <= 2
    assert KEY.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "d").rglob("*") if p.is_file())


def test_a_spent_budget_stops_cleanly_and_the_next_run_goes_on(tmp_path: Path, photos: Path, models: Path) -> None:
    with FakeApi(answer) as api:
        calls = {"per_minute": 1e6, "max_requests": 3, "at_once": 2}
        describe = {"model": "gemini-test", "base_url": api.url, "calls": calls}
        path = config(tmp_path, photos, models, api, video=False, describe=describe)
        assert "sources: 5 known, 0 done before, 0 now, 0 of them failed; 5 to do" in run(
            path, tmp_path / "d", dry_run=True
        )
        assert not (tmp_path / "d").exists()
        # 709 tokens an answer; the third may still be on its way when a fourth is refused
        with pytest.raises(
            UserError, match=r"the budget of 3 requests is spent \((1418|2127) tokens\).*the same command again"
        ):
            run(path, tmp_path / "d")
        assert len(api.requests) == 3
        looked = run(path, tmp_path / "d", dry_run=True)
        assert "describe: 4 known, 3 done before, 0 now, 0 of them failed; 1 to do = 1 API calls" in looked
        run(path, tmp_path / "d")
        assert len(api.requests) == 4 and set(api.answered.values()) == {1}
        # how the API is called is no part of the dataset: another limit is the same configuration
        values = json.loads(path.read_text())
        values["describe"]["calls"]["max_requests"] = 1
        path.write_text(json.dumps(values))
        before = digests(tmp_path / "d")
        run(path, tmp_path / "d")
        assert digests(tmp_path / "d") == before and len(api.requests) == 4


def test_a_model_of_ones_own_is_asked_and_its_nonsense_refused(tmp_path: Path, photos: Path, models: Path) -> None:
    with FakeApi() as api:
        describe = {"backend": "local", "model": str(models / "vlm")}
        path = config(tmp_path, photos, models, api, video=False, describe=describe, score=None)
        with pytest.raises(UserError, match="no sample could be made"):
            run(path, tmp_path / "d")
        reasons = [why for item, why in quarantine(tmp_path / "d").items() if item.startswith("describe")]
        assert len(reasons) == 4 and all(why.startswith("not an answer in the form") for why in reasons)
        looked = run(path, tmp_path / "d", dry_run=True)
        assert "describe: 4 known, 4 done before, 0 now, 0 of them failed; 0 to do\n" in looked
        assert api.requests == []


def test_one_stage_and_a_few_files_at_a_time(tmp_path: Path, photos: Path, models: Path) -> None:
    with FakeApi(answer) as api:
        path, out = config(tmp_path, photos, models, api, video=False), tmp_path / "d"
        assert "sources: 2 known, 0 done before, 2 now" in run(path, out, limit=2, only="sources")
        looked = run(path, out, only="describe")
        assert "sources: 5 known, 2 done before, 0 now, 0 of them failed; 3 to do" in looked
        assert "score brisque: 2 known, 0 done before, 0 now, 0 of them failed; 2 to do" in looked
        assert "describe: 0 known" in looked and api.requests == []
        run(path, out, only="score")
        assert "describe: 2 known, 0 done before, 2 now" in run(path, out, only="describe")
        assert len(api.requests) == 2 and not (out / "manifest.json").exists()


def test_only_a_stage_that_the_config_has(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("sources: [a]\nannotations: {coco: b}\nscore: null\n")
    with pytest.raises(UserError, match="--only detect: the objects of this config come from annotations"):
        run(tmp_path / "my.yaml", tmp_path / "d", only="detect")


def journalled(out: Path, stage: str = "%") -> int:
    """Items of a stage that the journal holds; of all stages by default."""
    try:
        with closing(sqlite3.connect(f"file:{out}/.perception20k/journal.sqlite?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM results WHERE stage LIKE ?", (stage,)).fetchone()[0])
    except sqlite3.Error:
        return 0  # it is not there, or left in the middle of a write until the build opens it


def progress(out: Path) -> int:
    """How far a build is: items in the journal, and files of the dataset."""
    return journalled(out) + sum(path.is_file() for path in out.rglob("*") if ".perception20k" not in path.parts)


def test_killed_25_times_it_ends_with_the_same_bytes_and_no_answer_is_paid_twice(
    tmp_path: Path, photos: Path, models: Path
) -> None:
    rng = random.Random(25)
    with FakeApi(answer) as api:
        path = config(tmp_path, photos, models, api, video=False, samples_per_object=2)
        run(path, tmp_path / "whole" / "d")
        api.answered.clear()
        out = tmp_path / "killed" / "d"
        end = progress(tmp_path / "whole" / "d")
        for moment in sorted(rng.randrange(end) for _ in range(25)):
            running = Stepping("build", path, "--out", out, "--workers", str(rng.choice([1, 1, 2])))
            while not kill(running, out, moment, api):
                running.step()
        run(path, out)
    assert digests(out) == digests(tmp_path / "whole" / "d")
    assert Counter(api.answered.values()) == {1: 4}


def test_a_kill_costs_at_most_as_many_answers_as_are_asked_for_at_once(
    tmp_path: Path, photos: Path, models: Path
) -> None:
    with FakeApi(answer) as api:
        calls = {"per_minute": 1e6, "at_once": 3}
        describe = {"model": "gemini-test", "base_url": api.url, "calls": calls}
        path, out = config(tmp_path, photos, models, api, describe=describe, score=None), tmp_path / "d"
        run(path, out, only="sources")
        command = [sys.executable, "-m", "perception20k", "build", str(path), "--out", str(out), "--only", "describe"]
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

        def kill_at_the_fifth(digest: str) -> str:
            if len(api.requests) >= 5:
                running.kill()
            return answer(digest)

        api.answer = kill_at_the_fifth
        assert running.wait(DEADLINE) == -signal.SIGKILL
        assert 5 <= len(api.requests) <= journalled(out, "describe") + 3
        api.answer = answer
        said = run(path, out, only="describe")
        assert journalled(out, "describe") == 6 and len(api.requests) <= 6 + 3
        assert re.search(r"Describe: estimated [1-4] requests, .* tokens in and .* out", said)
        assert "estimated" not in run(path, out, only="describe")  # nothing is left to ask


def kill(running: Stepping, out: Path, moment: int, api: FakeApi) -> bool:
    """Kill a build if it has come so far and no answer is on its way to it or to the journal."""
    with api.lock:  # an answer on the wire is lost with the process that waits for it, whoever that is
        due = progress(out) >= moment and journalled(out, "describe") == api.answered.total()
        if due:  # after a step of the journal files are still to come, so that it cannot reach its end
            running.kill(under_way=running.at == JOURNAL)
        return due
