import fcntl
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from annotate_app.review.dataset import Dataset
from annotate_app.review.service import Review
from perception20k.core.errors import UserError
from perception20k.core.hashed_set import HashedSet
from perception20k.core.reporting import SILENT, Reporter
from perception20k.dataset.decisions import ReviewState, read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import read_samples, write_samples
from perception20k.publish.export import export_dataset, review_counts
from tests.annotate_app.conftest import BARE, Clock, Person

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dataset(built_dataset: Path, tmp_path: Path) -> Layout:
    """A copy that may be changed."""
    shutil.copytree(built_dataset, tmp_path / "dataset")
    return Layout(tmp_path / "dataset")


def test_an_export_that_is_up_to_date_does_nothing(dataset: Layout) -> None:
    before = dataset.manifest.stat().st_mtime_ns
    assert not export_dataset(dataset.root, reporter=SILENT).changed
    assert dataset.manifest.stat().st_mtime_ns == before


def test_an_export_again_gives_the_same_bytes(dataset: Layout, built_dataset: Path) -> None:
    dataset.manifest.unlink()
    shutil.rmtree(dataset.shards)
    export_dataset(dataset.root, reporter=SILENT)
    assert dataset.manifest.read_bytes() == Layout(built_dataset).manifest.read_bytes()


def test_the_card_has_valid_metadata_and_numbers_from_the_data(built_dataset: Path) -> None:
    layout = Layout(built_dataset)
    _, header, text = layout.card.read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(header)
    assert metadata["configs"][0]["data_files"][0] == {"split": "train", "path": "shards/train-*.parquet"}
    samples = read_samples(layout.recipe)
    assert f"{len(samples)} distorted images" in text
    assert f"none of the {len(samples)} samples has been seen by a person yet" in text
    assert "CC-BY-SA-4.0" in text and "Joao Eriberto Mota Filho" in text


def test_croissant_is_valid(built_dataset: Path) -> None:
    path = Layout(built_dataset).croissant
    dataset = mlcroissant.Dataset(jsonld=str(path))
    assert not dataset.metadata.ctx.issues.errors
    records = {record_set.id for record_set in dataset.metadata.record_sets}
    assert records == {"recipe", "sources", "rft"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # mlcroissant calls pandas in a way it will drop
def test_croissant_reads_every_sample_and_every_rft_row(built_dataset: Path) -> None:
    layout = Layout(built_dataset)
    dataset = mlcroissant.Dataset(jsonld=str(layout.croissant))
    ids = {s.sample_id for s in read_samples(layout.recipe)}
    assert {row["recipe/sample_id"].decode() for row in dataset.records("recipe")} == ids
    rows = [row["rft/rft_id"].decode() for row in dataset.records("rft")]
    shards = sorted(layout.shards.iterdir())
    assert rows == [id for path in shards for id in pq.read_table(path, columns=["rft_id"])["rft_id"].to_pylist()]


def test_an_empty_test_part_is_told(dataset: Layout) -> None:
    set_test_fraction(dataset, "0.0001")
    dataset.split.unlink()
    dataset.recipe.write_bytes(unsplit(dataset.recipe))
    said: list[str] = []
    exported = export_dataset(dataset.root, reporter=Reporter(said.append, progress=False))
    assert exported.rft["test"] == 0
    assert "The test part is empty: too few scenes for test_fraction 0.0001" in "\n".join(said)


def test_the_cards_snippet_loads_the_rows_of_the_last_export(dataset: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dataset.root.parent)

    def loaded() -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec(dataset.card.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], names)
        return dict(names["parts"])

    assert set(loaded()) == {"train", "test"}
    set_test_fraction(dataset, "0.0")
    dataset.split.unlink()
    dataset.recipe.write_bytes(unsplit(dataset.recipe))
    exported = export_dataset(dataset.root, reporter=SILENT)
    assert exported.rft["test"] == 0
    parts = loaded()
    assert {part: len(rows) for part, rows in parts.items()} == {"train": exported.rft["train"]}
    row = parts["train"][0]
    assert row["images"][0].size == (row["width"], row["height"])


def set_test_fraction(dataset: Layout, value: str) -> None:
    """Another test fraction in both copies of the configuration."""
    for path in (dataset.local_config, dataset.config):
        path.write_text(re.sub(r"test_fraction: .*", f"test_fraction: {value}", path.read_text()))


def unsplit(recipe: Path) -> bytes:
    """A recipe whose samples are in no part yet."""
    table = pq.read_table(recipe)
    empty = pa.array([""] * len(table), pa.string())
    sink = pa.BufferOutputStream()
    pq.write_table(table.set_column(table.column_names.index("split"), "split", empty), sink)
    return bytes(sink.getvalue())


def test_a_name_of_any_kind_keeps_the_cards_metadata_valid(dataset: Layout) -> None:
    odd = dataset.root.with_name("Wood: the 'first' #1 [draft]")
    dataset.root.rename(odd)
    layout = Layout(odd)
    layout.manifest.unlink()
    export_dataset(odd, reporter=SILENT)
    _, header, text = layout.card.read_text(encoding="utf-8").split("---\n", 2)
    assert yaml.safe_load(header)["pretty_name"] == odd.name
    assert f"# {odd.name}" in text


def test_an_export_of_nothing_because_nobody_reviewed_anything_is_refused(dataset: Layout) -> None:
    before = dataset.manifest.read_bytes()
    with pytest.raises(UserError, match="no sample would be left: people have kept none so far"):
        export_dataset(dataset.root, reviewed_only=True, reporter=SILENT)
    assert dataset.manifest.read_bytes() == before


def test_one_export_at_a_time(dataset: Layout) -> None:
    with (dataset.work / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is using it"):
            export_dataset(dataset.root, reporter=SILENT)
    assert not export_dataset(dataset.root, reporter=SILENT).changed


def test_an_export_after_an_interrupted_build_with_another_configuration_tells_of_its_own_samples(
    dataset: Layout, built_dataset: Path
) -> None:
    local = dataset.local_config.read_text()  # a build with --force writes its own here first
    dataset.local_config.write_text(re.sub(r"\nseed: .*", "\nseed: 4242", local))
    dataset.manifest.unlink()
    export_dataset(dataset.root, reporter=SILENT)
    assert dataset.card.read_bytes() == Layout(built_dataset).card.read_bytes()
    assert dataset.config.read_bytes() == Layout(built_dataset).config.read_bytes()


@pytest.fixture
def ann(dataset: Layout) -> Iterator[Person]:
    """Somebody who has judged the whole dataset and deleted two samples."""
    clock = Clock()
    with closing(Review(Dataset(dataset), BARE, clock)) as review:
        person = Person(review, clock, "ann")
        person.open()
        person.judge(delete=2)
        yield person


def test_deletions_that_nobody_verified_are_refused_and_nothing_is_written(dataset: Layout, ann: Person) -> None:
    before = dataset.manifest.read_bytes()
    with pytest.raises(UserError, match="2 deletions have not been verified"):
        export_dataset(dataset.root, reporter=SILENT)
    assert dataset.manifest.read_bytes() == before
    exported = export_dataset(dataset.root, allow_unverified=True, reporter=SILENT)
    assert exported.review["unverified"] == 2
    assert exported.samples == exported.review["samples"] - 2


def test_survivors_alone_are_exported_and_the_card_says_how_many(dataset: Layout, ann: Person) -> None:
    ann.open(verifies=ann.session)
    gone, restored = (row["sample_id"] for row in ann.review.log.connection.execute(
        "SELECT sample_id FROM items WHERE session_id = ? ORDER BY position", (ann.session,)))  # fmt: skip
    ann.do("confirm", 0)
    ann.do("restore", 1)
    exported = export_dataset(dataset.root, reporter=SILENT)
    total = len(read_samples(dataset.recipe))
    assert exported.samples == total - 1
    rows = [row for shard in sorted(dataset.shards.glob("*.parquet")) for row in pq.read_table(shard).to_pylist()]
    ids = {row["sample_id"] for row in rows}
    assert gone not in ids
    assert restored in ids
    assert len(ids) == total - 1
    assert {s.sample_id for s in read_samples(dataset.recipe) if not s.split} == {gone}
    assert f"{total} of {total}" in dataset.card.read_text()


def test_deletions_of_samples_that_are_gone_stop_no_export(dataset: Layout, ann: Person) -> None:
    deleted = read_review(dataset.decisions).unverified
    left = [s for s in read_samples(dataset.recipe) if s.sample_id not in deleted]
    write_samples(dataset.recipe, left)
    assert export_dataset(dataset.root, reporter=SILENT).review["deleted"] == 0


def test_counts_of_a_review() -> None:
    state = ReviewState(
        reviewed=3,
        kept=frozenset({"a", "gone"}),
        deleted=frozenset({"b"}),
        unverified=frozenset({"c"}),
        flagged=frozenset(),
    )
    assert review_counts(HashedSet("abcde"), state) == {
        "samples": 5,
        "reviewed": 3,
        "kept": 1,
        "deleted": 2,
        "unverified": 1,
        "unreviewed": 2,
    }
