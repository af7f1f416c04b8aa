from dataclasses import replace
from pathlib import Path

from perception20k.dataset.records import SceneObject, Source, read_samples, read_sources, write_samples, write_sources
from tests.perception20k.samples import BLANK


def test_samples_survive_the_way_to_parquet_and_back(tmp_path: Path) -> None:
    samples = [BLANK, replace(BLANK, sample_id="x", params={"angle": -37.25, "r": [1, 2]}, split="")]
    write_samples(tmp_path / "recipe.parquet", samples)
    assert read_samples(tmp_path / "recipe.parquet") == samples


def test_sources_survive_the_way_to_parquet_and_back(tmp_path: Path) -> None:
    photo = Source("a" * 16, "f.jpg", "d", 3, 4, "f.jpg", licence="CC0-1.0", scores={"brisque": 81.25})
    frame = Source("b" * 16, "g.webp", "e", 3, 4, "g.mp4#frame=6", frame=6, timestamp=0.25)
    boxed = replace(frame, objects=(SceneObject("dog", (0, 1, 2, 3)), SceneObject("cat", (0, 0, 1, 1), 0.5)))
    write_sources(tmp_path / "sources.parquet", [photo, boxed])
    assert read_sources(tmp_path / "sources.parquet") == [photo, boxed]
