import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors

from distortions import DistortionError, catalog, distort
from distortions.transforms import RandomDistortion, for_albumentations
from tests.distortions.photos import natural_photos

pytestmark = pytest.mark.slow

PHOTO = natural_photos()["coffee"][:48, :64]
TYPES = ["blur_gaussian", "noise_poisson", "noise_impulse", "brightness_darken_gamma_RGB", "pixelate"]


def test_every_kind_of_image_comes_back_as_it_came_and_with_the_same_pixels() -> None:
    transform = RandomDistortion(TYPES, seed=3)
    expected = transform(PHOTO, index=5)
    assert not np.array_equal(expected, PHOTO)
    tensor = torch.from_numpy(PHOTO.copy()).permute(2, 0, 1)
    picture = transform(Pillow.fromarray(PHOTO), index=5)
    assert isinstance(picture, Pillow.Image) and np.array_equal(np.asarray(picture), expected)
    for given in (tensor, tensor.float() / 255, tv_tensors.Image(tensor)):
        made = transform(given, index=5)
        assert type(made) is type(given) and made.dtype == given.dtype
        levels = (made * 255).round() if made.is_floating_point() else made
        assert np.array_equal(levels.permute(1, 2, 0).numpy().astype(np.uint8), expected)


def test_the_label_is_what_makes_the_image_again() -> None:
    made, (applied,) = RandomDistortion(TYPES, (2, 4), seed=1)(PHOTO, index=0, epoch=2, label=True)
    assert applied.type in TYPES and applied.severity in (2, 4) and applied.box is None
    assert np.array_equal(made, distort(PHOTO, applied.type, applied.severity, seed=applied.seed))


def test_seed_epoch_and_index_are_the_whole_key() -> None:
    first, same, other = (RandomDistortion(TYPES, region="random", count=3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first(PHOTO, index=4, epoch=1), same(PHOTO, index=4, epoch=1))
    size = (64, 48)
    draws = [first.draw(size, index=4, epoch=1), first.draw(size, index=5, epoch=1), first.draw(size, index=4, epoch=2)]
    draws.append(other.draw(size, index=4, epoch=1))
    assert len(set(draws)) == 4


def test_a_chain_takes_one_type_from_each_of_different_groups() -> None:
    transform = RandomDistortion(count=4)
    chains = [transform.draw((64, 48), index=index) for index in range(200)]
    assert {len(chain) for chain in chains} == {1, 2, 3, 4}
    assert all(len({step.group for step in chain}) == len(chain) for chain in chains)
    assert {step.group for chain in chains for step in chain} == {entry.group for entry in catalog()}


def test_only_the_box_is_distorted() -> None:
    given = RandomDistortion(TYPES, region="box")(PHOTO, index=0, box=(8, 4, 40, 30))
    drawn, (applied, *_) = RandomDistortion(TYPES, region="random")(PHOTO, index=0, label=True)
    for made, (x1, y1, x2, y2) in ((given, (8, 4, 40, 30)), (drawn, applied.box)):
        assert not np.array_equal(made, PHOTO)
        made[y1:y2, x1:x2] = PHOTO[y1:y2, x1:x2]
        assert np.array_equal(made, PHOTO)


class Photos(Dataset[torch.Tensor]):
    def __init__(self) -> None:
        self.transform = RandomDistortion(TYPES, count=2, seed=9)

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(torch.from_numpy(PHOTO.copy()).permute(2, 0, 1), index=index)  # type: ignore[no-any-return]


def test_the_number_of_workers_changes_nothing() -> None:
    alone, two = (torch.cat([*DataLoader(Photos(), batch_size=2, num_workers=workers)]) for workers in (0, 2))
    assert torch.equal(alone, two)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"types": ["blur_gausian"]}, "unknown distortion type 'blur_gausian'; did you mean 'blur_gaussian'"),
        ({"severities": (0, 1)}, "severities must be some of [1, 2, 3, 4, 5], not (0, 1)"),
        ({"region": "part"}, "region must be None, 'box' or 'random', not 'part'"),
        ({"count": 13}, "count must be 1 to 12, the number of groups, not 13"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(DistortionError) as error:
        RandomDistortion(**arguments)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_an_albumentations_compose_s_seed_is_the_key() -> None:
    albumentations = pytest.importorskip("albumentations", reason="it pulls opencv-python over the headless one")

    def made(seed: int) -> list[bytes]:
        distortion = for_albumentations(RandomDistortion(TYPES, count=2), p=1.0)
        pipeline = albumentations.Compose([distortion], seed=seed)
        return [pipeline(image=PHOTO)["image"].tobytes() for _ in range(4)]

    assert made(1) == made(1) != made(2)
    assert len({PHOTO.tobytes(), *made(1)}) == 5


def test_a_wrong_image_or_a_missing_box_is_refused() -> None:
    with pytest.raises(DistortionError, match=r"image must be a PIL image, an array or a tensor"):
        RandomDistortion()(torch.zeros(1, 8, 8), index=0)
    with pytest.raises(DistortionError, match="a box goes with region='box'"):
        RandomDistortion(region="box")(PHOTO, index=0)
    with pytest.raises(DistortionError, match="a box goes with region='box'"):
        RandomDistortion()(PHOTO, index=0, box=(0, 0, 4, 4))
