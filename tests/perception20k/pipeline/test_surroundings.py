from pathlib import Path

import pytest

from perception20k.pipeline.surroundings import DETECTORS, GROUNDING_DINO, KEYS, look_around
from tests.perception20k.hub import Hub


def test_what_is_there_is_seen_and_no_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(tmp_path / "hub", monkeypatch)
    hub.add(GROUNDING_DINO, {"config.json": "{}"})
    hub.add(DETECTORS[1], {"config.json": "{}"})
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "secret-value")
    monkeypatch.setenv("GEMINI_API_KEY", "  ")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    here = look_around()
    assert (here.gpus, here.cached, here.keys) == (2, (DETECTORS[1], GROUNDING_DINO), ("OPENAI_API_KEY",))
    assert "secret-value" not in repr(here)
