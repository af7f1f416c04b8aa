"""A tiny random vision-language model through the true classes of transformers."""

from pathlib import Path

import pytest

from perception20k.config import Describe
from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.describers import open_describer
from perception20k.pipeline.stages.describe import prompt
from tests.tiny_vlm import build_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("tiny") / "vlm", [prompt(), "dog | red car"])


def test_a_model_on_disk_answers_and_says_the_same_twice(model: Path, photos: Path) -> None:
    describer = open_describer(Describe("local", str(model)))
    photo = images.decode((photos / "salon.png").read_bytes())
    answer = describer.ask(prompt(), photo)
    assert answer == describer.ask(prompt(), photo)
    assert answer.text and (answer.tokens, answer.model) == (0, "vlm")


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"describe: .*cannot be loaded") as caught:
        open_describer(Describe("local", str(tmp_path)))
    assert "\n" not in str(caught.value)
