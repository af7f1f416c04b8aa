"""The true openai client against a local server that speaks its protocol, well and badly."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from perception20k.config import Calls, Describe
from perception20k.core.errors import ItemError, TransientError, UserError
from perception20k.models.describers import Busy, NoReply, open_describer
from perception20k.models.describers.openai import OpenAI
from tests.perception20k.fake_api import FakeApi

pytestmark = pytest.mark.slow

KEY = "sk-secret-of-the-lab-0123456789"
IMAGE = np.full((40, 60, 3), 90, np.uint8)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FakeApi() as fake:
        yield fake


def config(api: FakeApi, **calls: float) -> Describe:
    limits = Calls(first_wait=0.01, per_minute=1e6, **calls)  # type: ignore[arg-type]
    return Describe("openai", "lab-vlm", base_url=f"{api.url}/v1", calls=limits)


def test_prompt_and_picture_are_sent_and_the_answer_read(api: FakeApi) -> None:
    answer = open_describer(config(api)).ask("Name them.", IMAGE)
    assert (answer.text, answer.tokens, answer.model) == ("dog | red car", 508, "lab-vlm-2")
    [request] = api.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["body"]["messages"][0]["content"][1] == {"type": "text", "text": "Name them."}
    assert request["picture"].startswith(b"\xff\xd8")


def test_a_temperature_can_be_left_out_for_models_that_refuse_it(api: FakeApi) -> None:
    for temperature in (0.0, None):
        open_describer(replace(config(api), temperature=temperature)).ask("?", IMAGE)
    assert [request["body"].get("temperature") for request in api.requests] == [0.0, None]


@pytest.mark.parametrize("trouble", ["429", "500", "not json", "empty", "no choice", "wrong schema", "empty body"])
def test_trouble_that_may_pass_is_tried_again(api: FakeApi, trouble: str) -> None:
    api.script.extend([trouble, trouble])
    assert open_describer(config(api)).ask("?", IMAGE).text == "dog | red car"
    assert len(api.requests) == 3


def test_an_answer_that_does_not_come_in_time_is_asked_for_again(api: FakeApi) -> None:
    api.script.extend(["timeout", "timeout"])
    describer = open_describer(config(api, timeout=0.3, attempts=50))  # a slow machine may need some of the others
    assert describer.ask("?", IMAGE).text == "dog | red car"
    assert len(api.requests) >= 3


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        ("safety", ItemError, "blocked by the endpoint: content_filter"),
        ("cut", ItemError, "no complete answer: length"),
        ("revoked", UserError, "refuses the key"),
        ("quota", UserError, "refuses the key"),
        ("no such model", UserError, "does not know the model 'lab-vlm'"),
    ],
)
def test_what_will_not_pass_is_not_asked_again(api: FakeApi, act: str, kind: type[Exception], message: str) -> None:
    api.script.append(act)
    with pytest.raises(kind, match=message) as caught:
        open_describer(config(api)).ask("?", IMAGE)
    assert len(api.requests) == 1 and KEY not in str(caught.value)
    assert not isinstance(caught.value, TransientError)


def test_a_server_of_ones_own_needs_no_key(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert open_describer(config(api)).ask("?", IMAGE).text == "dog | red car"
    with pytest.raises(UserError, match="OPENAI_API_KEY is not set"):
        open_describer(Describe("openai", "gpt-x"))


class Client(FakeApi):
    """An endpoint whose acts are client errors: ``400 the message``."""

    def _openai(self, act: str, key: str, digest: str) -> tuple[int, Any]:
        code, _, message = act.partition(" ")
        return (int(code), {"error": {"message": message}}) if message else super()._openai(act, key, digest)


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        ("400 invalid image", NoReply, "refused by the endpoint: 400"),
        ("413 too large", NoReply, "refused by the endpoint: 413"),
        ("422 no image", NoReply, "refused by the endpoint: 422"),
        ("400 API key not valid", UserError, "refuses the key"),
        ("402 no balance", UserError, "refuses the key"),
    ],
)
def test_a_client_error_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, act: str, kind: type[Exception], message: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Client() as fake:
        fake.script.append(act)
        with pytest.raises(kind, match=message):
            open_describer(config(fake)).ask("?", IMAGE)
        assert len(fake.requests) == 1


@pytest.mark.parametrize("code", [408, 409, 502])
def test_a_status_that_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Client() as fake:
        fake.script.append(f"{code} try again")
        assert open_describer(config(fake)).ask("?", IMAGE).text == "dog | red car"
        assert len(fake.requests) == 2


@pytest.mark.parametrize("act", ["safety", "cut"])
def test_tokens_of_an_answer_of_no_use_count_towards_the_budget(api: FakeApi, act: str) -> None:
    api.script.append(act)
    describer = open_describer(config(api, max_tokens=508))
    with pytest.raises(NoReply):
        describer.ask("?", IMAGE)
    with pytest.raises(UserError, match="the budget of 508 tokens is spent"):
        describer.ask("?", IMAGE)


def test_what_is_no_key_is_refused_also_where_none_is_needed(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\nsk-two")
    with pytest.raises(UserError, match="OPENAI_API_KEY contains") as caught:
        open_describer(config(api))
    assert "sk-one" not in str(caught.value)


def test_of_a_broken_connection_the_reason_is_told(api: FakeApi) -> None:
    gone = Describe("openai", "m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Busy, match=r"ConnectError: .*refused"):
        OpenAI(gone).ask("?", IMAGE)
