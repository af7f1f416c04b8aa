import json
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Quarantine, Reason, Row, read_quarantine

TWICE = Reason("duplicate", "twice")


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_failed_and_what_was_dropped_stand_in_one_file_a_stage_in_order(tmp_path: Path) -> None:
    quarantine = Quarantine()
    quarantine.drop("sources", "a", TWICE)
    quarantine.drop("sources", "b", Reason("image_too_small", "small", 9))
    quarantine.fail("sources", "写真", "damaged\nimage")
    quarantine.fail("score", "a \udcff", "no number")
    quarantine.write(tmp_path)
    assert rows(tmp_path / "sources.jsonl") == [
        {"stage": "sources", "item": "a", "rule": "duplicate", "reason": "twice"},
        {"stage": "sources", "item": "b", "rule": "image_too_small", "reason": "small", "value": 9},
        {"stage": "sources", "item": "写真", "rule": "failed", "error": "damaged\nimage"},
    ]
    assert "写真" in (tmp_path / "sources.jsonl").read_text()
    assert (tmp_path / "score.jsonl").is_file()  # a character that no file can hold is escaped


def test_the_same_rows_again_leave_the_file_alone_and_none_remove_it(tmp_path: Path) -> None:
    for turn in range(2):
        quarantine = Quarantine()
        quarantine.drop("sources", "a", TWICE)
        quarantine.write(tmp_path)
        if not turn:
            (tmp_path / "sources.jsonl").touch()
            before = (tmp_path / "sources.jsonl").stat().st_mtime_ns
    assert (tmp_path / "sources.jsonl").stat().st_mtime_ns == before
    longer = Quarantine()
    longer.drop("sources", "a", TWICE)
    longer.drop("sources", "b", TWICE)
    longer.write(tmp_path)
    assert len(rows(tmp_path / "sources.jsonl")) == 2
    empty = Quarantine()
    empty.open("sources")
    empty.write(tmp_path)
    assert not (tmp_path / "sources.jsonl").exists()


def test_rows_are_read_as_they_were_written_whatever_the_names_hold(tmp_path: Path) -> None:
    quarantine = Quarantine()
    reason = Reason("box_too_large", "box covers 90.0% of the image, over 90%", 0.90004)
    quarantine.drop("objects", "a\u2028b\x85c\nd.jpg: sky", reason)
    quarantine.fail("sources", "e.jpg", "damaged")
    quarantine.write(tmp_path)
    assert list(read_quarantine(tmp_path)) == [
        Row("objects", "a\u2028b\x85c\nd.jpg: sky", reason),
        Row("sources", "e.jpg", Reason("failed", "damaged")),
    ]


@pytest.mark.parametrize(
    ("row", "rule", "value"),
    [
        ({"reason": "box covers 97.0% of the image, over 90%"}, "box_too_large", 0.97),
        ({"reason": "box covers 62.5% of the image, over 50%"}, "box_too_large", 0.625),
        ({"reason": "box covers 90.0% of the image, over 90%"}, "box_too_large", pytest.approx(0.9, abs=1e-8)),
        ({"reason": "box covers 0.20% of the image, under 1%"}, "", None),
        ({"error": "damaged"}, "failed", None),
    ],
)
def test_rows_of_an_earlier_release_without_a_rule_still_read(
    tmp_path: Path, row: dict[str, str], rule: str, value: float | None
) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps({"stage": "s", "item": "a", **row}) + "\n")
    [found] = read_quarantine(tmp_path)
    assert (found.reason.rule, found.reason.value) == (rule, value)
    assert rule != "box_too_large" or (value is not None and found.reason.value > float(row["reason"][-3:-1]) / 100)


@pytest.mark.parametrize("line", ["{", "[]", '{"stage": "s"}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "s.jsonl").write_text(line + "\n")
    with pytest.raises(UserError, match=r"s\.jsonl: line 1 is damaged"):
        list(read_quarantine(tmp_path))


@pytest.mark.parametrize(
    ("error", "row"),
    [
        (
            "OSError: [Errno 5] Input/output error: '/home/ann/a b/x.jpg'",
            "OSError: [Errno 5] Input/output error: 'a b/x.jpg'",
        ),
        ("cannot open /data/photos/x.jpg: 3/4 read", "cannot open x.jpg: 3/4 read"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
    ],
)
def test_an_error_does_not_tell_where_files_lie(tmp_path: Path, error: str, row: str) -> None:
    quarantine = Quarantine()
    quarantine.fail("sources", "x.jpg", error)
    quarantine.write(tmp_path)
    assert [one.reason.text for one in read_quarantine(tmp_path)] == [row]
