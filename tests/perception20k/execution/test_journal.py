from pathlib import Path

from perception20k.execution.journal import Journal


def test_results_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "work" / "journal.sqlite")
    journal.put("score", [("k1", {"value": {"m": 81.5}, "error": None}), ("k2", {"value": None, "error": "bad"})])
    # not closed: as after a kill
    again = Journal(tmp_path / "work" / "journal.sqlite")
    assert again.get("score", "k1") == {"value": {"m": 81.5}, "error": None}
    assert again.get("score", "k2") == {"value": None, "error": "bad"}
    assert again.get("score", "k3") is None
    assert again.get("sources", "k1") is None
    journal.close()
    again.close()
