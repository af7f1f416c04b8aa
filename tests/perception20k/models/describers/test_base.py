"""What the API clients share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from perception20k.models.describers.base import retry_after


def test_a_wait_may_be_asked_for_in_seconds_or_until_a_date() -> None:
    assert retry_after({"retry-after": "12.5"}) == 12.5
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < (retry_after({"retry-after": later}) or 0) <= 3600
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0  # gone by


@pytest.mark.parametrize("headers", [{}, {"retry-after": ""}, {"retry-after": "soon"}])
def test_no_wait_is_asked_for(headers: dict[str, str]) -> None:
    assert retry_after(headers) is None
