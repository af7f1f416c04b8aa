"""pyiqa's own loading path, with random weights where it would have downloaded them."""

import json
from pathlib import Path

import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.metrics import METRICS, iqa
from tests.perception20k.hub import Hub


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pyiqa's folder of downloaded weights, empty."""
    from pyiqa.utils import download_util

    monkeypatch.setattr(download_util, "DEFAULT_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_weights_are_loaded_and_used_in_batches(weights: Path, photos: Path) -> None:
    import torch
    from pyiqa.archs.cnniqa_arch import CNNIQA

    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = CNNIQA(pretrained=None).eval()
    torch.save({"params": model.state_dict()}, weights / f"{METRICS['cnniqa'].revision}.pth")
    photo = images.decode((photos / "nuthatch.jpg").read_bytes())[:200, :300]
    turned = np.ascontiguousarray(photo[::-1])
    with torch.no_grad():
        expected = [
            model(torch.from_numpy(p.copy()).permute(2, 0, 1)[None].float() / 255).item() for p in (photo, turned)
        ]
    scored = iqa.load("cnniqa")([photo, turned, photo[:100]])
    assert scored[:2] == pytest.approx(expected, abs=1e-5)
    assert len({round(value, 6) for value in scored}) == 3


def test_weights_that_cannot_be_had_are_one_line(weights: Path) -> None:
    (weights / f"{METRICS['cnniqa'].revision}.pth").write_bytes(b"half a file")
    with pytest.raises(UserError, match="score: cnniqa cannot be loaded") as caught:
        iqa.load("cnniqa")
    assert "\n" not in str(caught.value)


def test_qalign_is_loaded_from_the_commit_that_its_scores_are_kept_under(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyiqa
    from pyiqa.archs import qalign_arch

    hub, model, sizes = Hub(tmp_path, monkeypatch), "q-future/one-align", []
    commits = [hub.add(model, {"preprocessor_config.json": json.dumps({"crop_size": size})}) for size in (48, 64)]

    def create(name: str, device: str) -> None:  # as pyiqa does it, without the 16 GB
        sizes.append(qalign_arch.CLIPImageProcessor.from_pretrained(model, trust_remote_code=True).crop_size["height"])

    monkeypatch.setattr(pyiqa, "create_metric", create)
    before = [kind.from_pretrained for kind in (qalign_arch.CLIPImageProcessor, qalign_arch.MPLUGOwl2LlamaForCausalLM)]
    for commit in commits:
        iqa.load("qalign", commit)
    assert sizes == [48, 64]
    assert before == [
        kind.from_pretrained for kind in (qalign_arch.CLIPImageProcessor, qalign_arch.MPLUGOwl2LlamaForCausalLM)
    ]


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perception20k.core.extras.find_spec", lambda name: None if name == "pyiqa" else object())
    with pytest.raises(UserError, match=r"score: dbcnn needs the package 'pyiqa'.*perception20k\[models\]"):
        iqa.load("dbcnn")


def test_images_of_one_size_go_together_up_to_a_limit() -> None:
    # 1000x2000 is 2 megapixels: four go together; 100x100 never fill a batch of seven
    sizes = [(1000, 2000)] * 5 + [(100, 100)] + [(1000, 2000)]
    groups = iqa._alike([np.zeros((*size, 3), np.uint8) for size in sizes], 8)
    assert groups == [[0, 1, 2, 3], [4, 6], [5]]
