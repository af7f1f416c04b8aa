"""The true google-genai client against a local server that speaks the Gemini protocol, well and badly."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from perception20k.config import Calls, Describe
from perception20k.core.errors import ItemError, TransientError, UserError
from perception20k.imaging import images
from perception20k.models.describers import Busy, NoReply, open_describer
from perception20k.models.describers.gemini import Gemini
from tests.perception20k.fake_api import FakeApi

pytestmark = pytest.mark.slow

KEY = "AIza-secret-of-the-lab-0123456789"
IMAGE = np.full((40, 60, 3), 90, np.uint8)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    with FakeApi() as fake:
        yield fake


def config(api: FakeApi, **calls: float) -> Describe:
    limits = Calls(first_wait=0.01, per_minute=1e6, **calls)  # type: ignore[arg-type]
    return Describe("gemini", "gemini-test", base_url=api.url, calls=limits)


def test_prompt_and_picture_are_sent_and_the_answer_read(api: FakeApi, photos: Path) -> None:
    photo = images.decode((photos / "nuthatch.jpg").read_bytes())
    answer = open_describer(config(api)).ask("Name them.", photo)
    assert (answer.text, answer.tokens, answer.model) == ("dog | red car", 709, "gemini-test-001")
    [request] = api.requests
    assert request["path"].endswith("/models/gemini-test:generateContent")
    assert request["body"]["contents"][0]["parts"][1] == {"text": "Name them."}
    assert request["body"]["generationConfig"]["temperature"] == 0

    with Image.open(io.BytesIO(request["picture"])) as picture:
        assert picture.format == "JPEG" and picture.size == (photo.shape[1], photo.shape[0])
    assert api.keys == {KEY}


def test_a_thinking_budget_is_sent_and_none_is_left_to_the_model(api: FakeApi) -> None:
    for budget in (None, 0, 128):
        open_describer(replace(config(api), thinking_budget=budget)).ask("?", IMAGE)
    sent = [request["body"]["generationConfig"].get("thinkingConfig", {}) for request in api.requests]
    assert [list(budget.values()) for budget in sent] == [[], [0], [128]]


@pytest.mark.parametrize(
    "trouble", ["429", "500", "503", "not json", "empty", "no candidate", "no text", "wrong schema", "empty body"]
)
def test_trouble_that_may_pass_is_tried_again(api: FakeApi, trouble: str) -> None:
    api.script.extend([trouble, trouble])
    assert open_describer(config(api)).ask("?", IMAGE).text == "dog | red car"
    assert len(api.requests) == 3


def test_an_answer_that_does_not_come_in_time_is_asked_for_again(api: FakeApi) -> None:
    api.script.extend(["timeout", "timeout"])
    describer = open_describer(config(api, timeout=0.3, attempts=50))  # a slow machine may need some of the others
    assert describer.ask("?", IMAGE).text == "dog | red car"
    assert len(api.requests) >= 3


@pytest.mark.parametrize("trouble", ["429", "500", "timeout", "not json"])
def test_trouble_that_stays_leaves_the_image_for_another_run(api: FakeApi, trouble: str) -> None:
    api.script.extend([trouble] * 2)
    with pytest.raises(TransientError, match="gemini gemini-test gave no answer"):
        open_describer(config(api, timeout=0.3, attempts=2)).ask("?", IMAGE)


def test_the_wait_that_gemini_asks_for_is_heard(api: FakeApi) -> None:
    api.script.append("429")
    with pytest.raises(Busy) as caught:
        Gemini(config(api)).ask("?", IMAGE)
    assert caught.value.wait == 0.01


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("safety", "blocked by Gemini: SAFETY"),
        ("cut", "no complete answer from Gemini: MAX_TOKENS"),
    ],
)
def test_an_image_it_will_not_answer_for_is_refused_for_good(api: FakeApi, act: str, reason: str) -> None:
    api.script.append(act)
    with pytest.raises(ItemError, match=reason) as caught:
        open_describer(config(api)).ask("?", IMAGE)
    assert not isinstance(caught.value, TransientError)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("revoked", "Gemini refuses the key"),
        ("forbidden", "Gemini refuses the key"),
        ("no such model", "Gemini does not know the model 'gemini-test'"),
    ],
)
def test_what_no_image_can_pass_stops_the_run_at_once(api: FakeApi, act: str, message: str) -> None:
    api.script.append(act)
    with pytest.raises(UserError, match=message):
        open_describer(config(api)).ask("?", IMAGE)
    assert len(api.requests) == 1


@pytest.mark.parametrize("act", ["429", "500", "timeout", "not json", "revoked", "forbidden", "safety"])
def test_the_key_is_in_no_error(api: FakeApi, act: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    api.script.extend([act] * 2)
    with pytest.raises((ItemError, UserError)) as caught:
        open_describer(config(api, timeout=0.3, attempts=2)).ask("?", IMAGE)
    error: BaseException | None = caught.value
    while error is not None:  # what a traceback would print
        assert KEY not in str(error) and "\n" not in str(error)
        error = None if error.__suppress_context__ else error.__context__
    assert KEY not in caplog.text


class Client(FakeApi):
    """A Gemini whose acts may also be a client error: ``400 UNAUTHENTICATED the message``."""

    def gemini(self, act: str, key: str, digest: str) -> tuple[int, Any]:
        if not act[:3].isdigit() or " " not in act:
            return super().gemini(act, key, digest)
        code, status, message = act.split(" ", 2)
        return int(code), {"error": {"code": int(code), "status": status, "message": message}}


@pytest.fixture
def client_errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with Client() as fake:
        yield fake


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_picture_it_cannot_read_is_refused_for_good_and_the_run_goes_on(client_errors: FakeApi, code: int) -> None:
    client_errors.script.extend([f"{code} INVALID_ARGUMENT Unable to process input image."] * 6)
    describer = open_describer(config(client_errors))
    for _ in range(6):
        with pytest.raises(NoReply, match=f"refused by Gemini: {code} INVALID_ARGUMENT: Unable to process input image"):
            describer.ask("?", IMAGE)
    assert describer.ask("?", IMAGE).text == "dog | red car"
    assert len(client_errors.requests) == 7


@pytest.mark.parametrize("code", [408, 409, 429, 499, 502])
def test_a_status_that_may_pass_is_tried_again(client_errors: FakeApi, code: int) -> None:
    client_errors.script.append(f"{code} ABORTED Try again.")
    assert open_describer(config(client_errors)).ask("?", IMAGE).text == "dog | red car"
    assert len(client_errors.requests) == 2


def test_an_account_that_may_not_ask_stops_the_run(client_errors: FakeApi) -> None:
    client_errors.script.append("400 FAILED_PRECONDITION User location is not supported for the API use.")
    with pytest.raises(UserError, match="User location is not supported"):
        open_describer(config(client_errors)).ask("?", IMAGE)


@pytest.mark.parametrize("act", ["safety", "cut"])  # an empty one is asked for again, and counts too
def test_tokens_of_an_answer_of_no_use_count_towards_the_budget(api: FakeApi, act: str) -> None:
    api.script.extend([act] * 9)
    describer = open_describer(config(api, max_tokens=1000))
    for _ in range(2):  # 709 tokens each
        with pytest.raises(NoReply):
            describer.ask("?", IMAGE)
    with pytest.raises(UserError, match=r"the budget of 1000 tokens is spent \(2 requests\)"):
        describer.ask("?", IMAGE)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "key", ["AIza-first-line\nAIza-second", "AIza-first AIza-second", "AIza-s\u00e9cret", "AIza\x7f"]
)
def test_what_is_no_key_is_refused_without_being_quoted(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", key)
    with pytest.raises(UserError, match="GEMINI_API_KEY contains a space, a line break or another character") as caught:
        open_describer(config(api))
    assert "AIza" not in str(caught.value)
    monkeypatch.setenv("GEMINI_API_KEY", f"{KEY}\r\n")
    assert open_describer(config(api)).ask("?", IMAGE).text == "dog | red car"


def test_of_an_unknown_exception_only_the_kind_is_told(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    gemini = Gemini(config(api))

    def fail(**_: object) -> None:
        raise ValueError(f"header {KEY}")

    monkeypatch.setattr(gemini.client.models, "generate_content", fail)
    with pytest.raises(Busy) as caught:
        gemini.ask("?", IMAGE)
    assert str(caught.value) == "ValueError"


def test_of_a_broken_connection_the_reason_is_told(api: FakeApi) -> None:
    gone = Describe("gemini", "m", base_url="http://127.0.0.1:9")
    with pytest.raises(Busy, match=r"ConnectError: .*refused"):
        Gemini(gone).ask("?", IMAGE)


def test_without_a_key_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="GEMINI_API_KEY or GOOGLE_API_KEY is not set"):
        open_describer(Describe())
