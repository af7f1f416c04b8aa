import json
from pathlib import Path

from perception20k.dataset.quarantine import Quarantine


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_failed_and_what_was_dropped_stand_in_one_file_a_stage_in_order(tmp_path: Path) -> None:
    quarantine = Quarantine()
    quarantine.drop("sources", [("a", "twice"), ("b", "small")])
    quarantine.fail("sources", "写真", "damaged\nimage")
    quarantine.fail("score", "a \udcff", "no number")
    quarantine.write(tmp_path)
    assert rows(tmp_path / "sources.jsonl") == [
        {"stage": "sources", "item": "a", "reason": "twice"},
        {"stage": "sources", "item": "b", "reason": "small"},
        {"stage": "sources", "item": "写真", "error": "damaged\nimage"},
    ]
    assert "写真" in (tmp_path / "sources.jsonl").read_text()
    assert (tmp_path / "score.jsonl").is_file()  # a character that no file can hold is escaped


def test_the_same_rows_again_leave_the_file_alone_and_none_remove_it(tmp_path: Path) -> None:
    for turn in range(2):
        quarantine = Quarantine()
        quarantine.drop("sources", [("a", "twice")])
        quarantine.write(tmp_path)
        if not turn:
            (tmp_path / "sources.jsonl").touch()
            before = (tmp_path / "sources.jsonl").stat().st_mtime_ns
    assert (tmp_path / "sources.jsonl").stat().st_mtime_ns == before
    longer = Quarantine()
    longer.drop("sources", [("a", "twice"), ("b", "twice")])
    longer.write(tmp_path)
    assert len(rows(tmp_path / "sources.jsonl")) == 2
    empty = Quarantine()
    empty.open("sources")
    empty.write(tmp_path)
    assert not (tmp_path / "sources.jsonl").exists()
