"""What APIs have in common: the picture they are sent, and what trouble with them means."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import numpy as np
import pytest
from PIL import Image

from perception20k.models.describers.base import MAX_SIDE, NoReply, as_busy, downscaled, jpeg, retry_after


@pytest.mark.parametrize(
    ("size", "sent"), [((3072, 768), (1536, 384)), ((100, 3072), (50, 1536)), ((640, 480), (640, 480))]
)
def test_a_picture_is_shrunk_to_its_longest_side_and_never_enlarged(
    size: tuple[int, int], sent: tuple[int, int]
) -> None:
    assert MAX_SIDE == 1536
    pixels = np.full((size[1], size[0], 3), (200, 30, 90), np.uint8)
    seen = downscaled(pixels)
    assert (seen.shape[1], seen.shape[0]) == sent
    assert (seen == pixels[0, 0]).all()


def test_it_is_sent_as_a_jpeg_of_the_same_size() -> None:
    pixels = np.full((24, 40, 3), 90, np.uint8)
    with Image.open(io.BytesIO(jpeg(pixels))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 24))
        assert np.abs(np.asarray(picture).astype(int) - pixels).max() <= 2


@pytest.mark.parametrize("error", [httpx.ReadTimeout("timed out"), httpx.ConnectError("no route, key sk-1")])
def test_of_the_connection_the_reason_is_told_without_the_key(error: Exception) -> None:
    assert str(as_busy(error, "sk-1")) == f"{type(error).__name__}: {error}".replace("sk-1", "[key]")


def test_of_anything_else_only_the_kind_for_it_may_quote_the_request() -> None:
    assert str(as_busy(ValueError("header sk-1"), "sk-1")) == "ValueError"
    assert str(as_busy(httpx.InvalidURL("http://sk-1"), "sk-1")) == "InvalidURL"


def test_a_refusal_knows_what_it_cost() -> None:
    assert (NoReply("blocked", 709).tokens, NoReply("blocked").tokens) == (709, 0)


def test_a_wait_may_be_asked_for_in_seconds_or_until_a_date() -> None:
    assert retry_after({"retry-after": "12.5"}) == 12.5
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < (retry_after({"retry-after": later}) or 0) <= 3600
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0  # gone by


@pytest.mark.parametrize("headers", [{}, {"retry-after": ""}, {"retry-after": "soon"}])
def test_no_wait_is_asked_for(headers: dict[str, str]) -> None:
    assert retry_after(headers) is None
