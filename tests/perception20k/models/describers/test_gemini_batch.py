"""The true client against a local server that speaks Gemini's batch mode."""

from collections.abc import Iterator

import numpy as np
import pytest

from perception20k.config import Calls, Describe
from perception20k.core.errors import TransientError, UserError
from perception20k.imaging.images import Array
from perception20k.models.describers import Busy, NoReply, Reply
from perception20k.models.describers.base import jpeg
from perception20k.models.describers.gemini_batch import GeminiBatch
from tests.perception20k.fake_api import FakeApi

pytestmark = pytest.mark.slow

IMAGES = [np.full((40, 60, 3), grey, np.uint8) for grey in (20, 90, 160)]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret-of-the-lab-0123456789")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    with FakeApi(lambda digest: f"dog | {digest[:4]}") as fake:
        yield fake


def batch(api: FakeApi, budget: int | None = None, **calls: int) -> GeminiBatch:
    limits = Calls(first_wait=0.01, per_minute=1e6, batch=True, **calls)  # type: ignore[arg-type]
    return GeminiBatch(Describe("gemini", "gemini-test", base_url=api.url, thinking_budget=budget, calls=limits))


def ask(jobs: GeminiBatch, images: list[Array], name: str) -> list[Reply | NoReply | Busy]:
    answers = jobs.ask_together("Name them.", lambda: ((n, jpeg(image)) for n, image in enumerate(images)), 3, name)
    return [answers[number] for number in range(len(images))]


def never() -> Iterator[tuple[int, bytes]]:
    raise AssertionError("pictures were read for nothing")


def texts(answers: list[Reply | NoReply | Busy]) -> list[str]:
    return [answer.text if isinstance(answer, Reply) else f"{type(answer).__name__}: {answer}" for answer in answers]


def test_each_image_gets_its_own_answer_to_what_would_be_asked_one_by_one(api: FakeApi) -> None:
    answers = ask(batch(api, budget=128), IMAGES, "one")
    order = [f"dog | {digest[:4]}" for digest in api.answered][::-1]  # the server works from the last to the first
    assert texts(answers) == order and len(set(order)) == 3
    assert isinstance(answers[0], Reply) and (answers[0].tokens, answers[0].model) == (709, "gemini-test-001")
    body = api.requests[0]["body"]
    assert body["contents"][0]["parts"][1] == {"text": "Name them."}
    assert body["generationConfig"] == {"temperature": 0.0, "seed": 0, "thinkingConfig": {"thinkingBudget": 128}}
    assert api.batches.jobs["batches/0"]["displayName"] == "perception20k-one"


def test_a_job_of_a_run_that_was_killed_is_found_again(api: FakeApi) -> None:
    first = texts(ask(batch(api), IMAGES, "one"))
    assert texts([*batch(api).ask_together("Name them.", never, 3, "one").values()][::-1]) == first
    assert len(api.requests) == 3 and len(api.batches.jobs) == 1
    ask(batch(api), IMAGES[:2], "two")
    assert len(api.requests) == 5


def test_a_job_whose_start_was_not_confirmed_is_not_started_twice(api: FakeApi) -> None:
    api.batches.script.extend(["ok", "ok", "ok", "lost"])  # list, two of the upload, start
    assert len(ask(batch(api), IMAGES, "one")) == 3
    assert len(api.batches.jobs) == 1 and len(api.requests) == 3


def test_trouble_on_the_way_is_tried_again(api: FakeApi) -> None:
    api.batches.script.extend(["503", "ok", "429", "ok", "ok", "500"])
    assert len(ask(batch(api), IMAGES, "one")) == 3
    assert len(api.requests) == 3


def test_single_images_can_be_refused_or_left_for_another_run(api: FakeApi) -> None:
    api.script.extend(["ok", "safety", "503"])  # of the last image, the middle one, the first
    first, second, third = ask(batch(api), IMAGES, "one")
    assert isinstance(first, Busy) and isinstance(second, NoReply) and isinstance(third, Reply)
    assert "blocked by Gemini: SAFETY" in str(second) and "overloaded" in str(first)


def test_a_job_without_any_answer_is_forgotten_so_that_it_can_be_asked_again(api: FakeApi) -> None:
    api.script.extend(["unsupported"] * 3)
    assert all(isinstance(answer, NoReply) for answer in ask(batch(api), IMAGES, "one"))
    assert not api.batches.jobs
    assert all(isinstance(answer, Reply) for answer in ask(batch(api), IMAGES, "one"))


def test_a_job_that_failed_is_left_for_another_run_which_starts_a_new_one(api: FakeApi) -> None:
    api.batches.state = "BATCH_STATE_EXPIRED"
    with pytest.raises(TransientError, match="its batch job ended as EXPIRED"):
        ask(batch(api), IMAGES, "one")
    before = len(api.requests)
    with pytest.raises(TransientError):
        ask(batch(api), IMAGES, "one")
    assert len(api.requests) == before + 3


def test_a_job_counts_its_requests_and_its_tokens(api: FakeApi) -> None:
    many = batch(api, max_requests=5)
    ask(many, IMAGES, "one")
    with pytest.raises(UserError, match=r"the budget of 5 requests is spent \(2127 tokens\)"):
        ask(many, IMAGES, "two")


def test_a_run_that_is_stopped_does_not_wait_for_its_jobs(api: FakeApi) -> None:
    api.batches.state = "BATCH_STATE_RUNNING"
    waiting = batch(api)
    waiting.stop()
    with pytest.raises(TransientError, match="the run was stopped"):
        ask(waiting, IMAGES, "one")


def test_a_job_without_pictures_is_not_started(api: FakeApi) -> None:
    assert batch(api).ask_together("?", lambda: (), 3, "one") == {}
    assert not api.batches.jobs
