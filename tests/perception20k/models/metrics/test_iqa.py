"""pyiqa's own loading path, with random weights where it would have downloaded them."""

from pathlib import Path

import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.metrics import METRICS, iqa

pytestmark = pytest.mark.slow


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


def test_weights_that_cannot_be_loaded_are_one_line(weights: Path) -> None:
    (weights / f"{METRICS['cnniqa'].revision}.pth").write_bytes(b"half a file")
    with pytest.raises(UserError, match="score: cnniqa cannot be loaded") as caught:
        iqa.load("cnniqa")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["dbcnn", "hyperiqa"])
def test_the_default_metrics_score_photos_in_batches(
    weights: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """pyiqa's true architectures with random weights; only the ImageNet weights they begin from are left out."""
    import timm
    import torch
    import torchvision
    from pyiqa.archs import arch_util, dbcnn_arch
    from pyiqa.archs.dbcnn_arch import DBCNN
    from pyiqa.archs.hypernet_arch import HyperNet

    def bare_vgg16(weights: str) -> torch.nn.Module:
        bare = torch.nn.Module()
        bare.features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
        return bare

    bare = timm.create_model
    monkeypatch.setattr(torchvision.models, "vgg16", bare_vgg16)
    monkeypatch.setattr(timm, "create_model", lambda *args, pretrained, **rest: bare(*args, pretrained=False, **rest))
    monkeypatch.setattr(dbcnn_arch, "load_pretrained_network", lambda net, path, *rest: (
        None if type(net).__name__ == "SCNN" else arch_util.load_pretrained_network(net, path, *rest)
    ))  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = (DBCNN if name == "dbcnn" else HyperNet)(pretrained=False).eval()
    torch.save({"params": model.state_dict()}, weights / f"{METRICS[name].revision}.pth")
    photo = images.decode((photos / "nuthatch.jpg").read_bytes())[:240, :320]
    score = METRICS[name].load(name)
    one, other = score([photo, np.ascontiguousarray(photo[::-1])])
    assert [one] == pytest.approx(score([photo]), abs=1e-4)
    assert abs(one - other) > 1e-6 and np.isfinite(other)


def test_a_weight_file_runs_no_code(weights: Path) -> None:
    import torch

    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (weights / "ran",))  # type: ignore[return-value]

    torch.save({"params": Attack()}, weights / f"{METRICS['cnniqa'].revision}.pth")
    with pytest.raises(UserError, match="score: cnniqa cannot be loaded"):
        iqa.load("cnniqa")
    assert not (weights / "ran").exists()


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perception20k.core.extras.find_spec", lambda name: None if name == "pyiqa" else object())
    with pytest.raises(UserError, match=r"score: dbcnn needs the package 'pyiqa'.*perception20k\[models\]"):
        iqa.load("dbcnn")


def test_images_of_one_size_go_together_up_to_a_limit() -> None:
    # 1000x2000 is 2 megapixels: four go together
    sizes = [(1000, 2000)] * 5 + [(100, 100)] + [(1000, 2000)]
    groups = iqa._alike([np.zeros((*size, 3), np.uint8) for size in sizes])
    assert groups == [[0, 1, 2, 3], [4, 6], [5]]
