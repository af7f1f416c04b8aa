"""A tiny random vision-language model through the true classes of transformers."""

from pathlib import Path

import numpy as np
import pytest

from perception20k.core.errors import UserError
from perception20k.imaging import images
from perception20k.models.describers.local import Local
from perception20k.pipeline.stages.describe import prompt
from tests.tiny_vlm import build_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny(tmp_path_factory.mktemp("tiny") / "vlm", [prompt(), "dog | red car"])


def test_a_batch_is_told_what_each_image_is_told_alone(model: Path, photos: Path) -> None:
    local = Local(str(model), "")
    salon = images.decode((photos / "salon.png").read_bytes())
    batch = [salon, np.ascontiguousarray(salon[:, :120]), 255 - salon]  # of two sizes: the shorter prompt is padded
    together = local.ask_together(prompt(), batch)
    assert together == [local.ask_together(prompt(), [image])[0] for image in batch]
    assert all(reply.text and (reply.tokens, reply.model) == (0, "vlm") for reply in together)


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"describe: .*cannot be loaded") as caught:
        Local(str(tmp_path), "")
    assert "\n" not in str(caught.value)
