"""Reading answers in the paper's form, and the prompt itself."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from perception20k.config import Calls, Describe
from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.execution.journal import Journal
from perception20k.execution.local import LocalExecutor
from perception20k.execution.run import run_stage
from perception20k.models.describers import Reply
from perception20k.pipeline.stages.describe import DescribeStage, prompt, read_answer
from perception20k.pipeline.stages.discover import SourceFile
from perception20k.pipeline.stages.sources import Candidate, Ingest, candidates_of
from tests.perception20k.fake_api import FakeApi
from tests.perception20k.hub import Hub

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("dog | red car", ("dog", "red car")),
        ("dog|red car|man\n", ("dog", "red car", "man")),
        ("⟨Black Poodle | Red Car⟩", ("black poodle", "red car")),
        ("<dog|lamp>", ("dog", "lamp")),
        ("“dog” | “red  car”.", ("dog", "red car")),
        ("```\ndog | t-shirt | child's toy\n```", ("dog", "t-shirt", "child's toy")),
        ("dog", ("dog",)),
        ("glass of water | dog", ("glass of water", "dog")),
        ("café table | dog", ("café table", "dog")),
        ("cafe\u0301 table | dog", ("café table", "dog")),
        ("1. dog | 2. cat", ("dog", "cat")),
        ("1) dog | (2) cat | 3.car", ("dog", "cat", "car")),
        ("- dog | - cat", ("dog", "cat")),
        ("**dog | cat**", ("dog", "cat")),
        ("[dog] | [cat]", ("dog", "cat")),
        ("```\ndog | cat\n```", ("dog", "cat")),
        ("```text\ndog | cat\n```", ("dog", "cat")),
        ("• Dog | * cat", ("dog", "cat")),
        ("2 dogs | 3d printer", ("2 dogs", "3d printer")),
        ("man | woman | person", ("man", "woman", "person")),
        ("plan | plane", ("plan", "plane")),
    ],
)
def test_an_answer_gives_its_phrases(text: str, phrases: tuple[str, ...]) -> None:
    assert read_answer(text) == (phrases, [])


@pytest.mark.parametrize("text", ["NAN", "nan", " NaN. ", "`NAN`", '"NAN"'])
def test_nan_gives_none_and_says_so(text: str) -> None:
    reason = read_answer(text)
    assert isinstance(reason, Reason) and reason.rule == "too_few_objects" and "NAN" in reason.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "dog || car",
        "dog | ",
        "Here are the subjects:\ndog | car",
        "1. dog\n2. car",
        "The image shows a brown dog beside a red car",
        "a dog that is lying on the sofa | lamp",
        "dog, car, lamp",
        '{"subjects": ["dog", "car"]}',
        "狗 | 车",
    ],
)
def test_nonsense_is_refused_as_a_whole(text: str) -> None:
    reason = read_answer(text)
    assert isinstance(reason, Reason) and reason.rule == "bad_answer"
    assert reason.text.startswith("not an answer in the form 'a | b | c'") and "\n" not in reason.text


@pytest.mark.parametrize(
    ("text", "kept", "refused"),
    [
        ("dog | blue sky", ("dog",), [("blue sky", "a background word")]),
        ("dog | Clouds | car", ("dog", "car"), [("clouds", "a background word")]),
        ("dog | dog | car", ("dog", "car"), [("dog", "the same type of subject as 'dog'")]),
        ("red car | blue cars", ("red car",), [("blue cars", "the same type of subject as 'red car'")]),
        ("a | b | c | d", ("a", "b", "c"), [("d", "the answer already has 3 subjects")]),
        ("dog | NAN", ("dog",), [("nan", "NAN is not a subject")]),
        ("man on beach | beach", ("man on beach",), [("beach", "a background word")]),
        ("dog | field of flowers", ("dog",), [("field of flowers", "a background word")]),
        ("dog | skies | beaches", ("dog",), [("skies", "a background word"), ("beaches", "a background word")]),
        ("glass of milk | glasses", ("glass of milk",), [("glasses", "the same type of subject as 'glass of milk'")]),
        *(
            (f"{one} | {many}", (one,), [(many, f"the same type of subject as '{one}'")])
            for one, many in (
                ("bus", "buses"),
                ("box", "boxes"),
                ("person", "people"),
                ("woman", "women"),
                ("horse", "horses"),
                ("city", "cities"),
                ("cookie", "cookies"),
                ("tie", "ties"),
                ("tomato", "tomatoes"),
                ("shoe", "shoes"),
                ("toe", "toes"),
                ("bench", "benches"),
                ("vase", "vases"),
                ("knife", "knives"),
                ("lens", "lenses"),
                ("mouse", "mice"),
                ("goose", "geese"),
                ("key", "keys"),
                ("dress", "dresses"),
                ("tree", "trees"),
            )
        ),
        ("glass | grass", ("glass",), [("grass", "a background word")]),
        ("bus | busses", ("bus", "busses"), []),
        (f"dog | {'a' * 5000}", ("dog",), [("a" * 80, "the name has 5000 characters, over 80")]),
    ],
)
def test_phrases_that_break_the_prompts_rules_are_refused_one_by_one(
    text: str, kept: tuple[str, ...], refused: list[tuple[str, str]]
) -> None:
    answer = read_answer(text)
    assert not isinstance(answer, Reason)
    phrases, others = answer
    assert (phrases, [(phrase, reason.text) for phrase, reason in others]) == (kept, refused)


def test_the_prompt_is_the_papers() -> None:
    lines = prompt().splitlines()
    assert lines[0] == "Analyze the image carefully and identify all distinct visual subjects that:"
    assert [line[:2] for line in lines[1:]] == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert "separated by a | . At most, only the three most salient objects" in lines[5]
    assert lines[6].endswith("output: NAN.")


def test_the_key_knows_image_and_model_and_not_how_the_api_is_called() -> None:
    one = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    two = Candidate(Path("a"), Source("1" * 16, "f", "d", 640, 480, "a"))
    keys = {
        DescribeStage(Describe(backend, model)).key(item)  # type: ignore[arg-type]
        for backend in ("gemini", "openai")
        for model in ("m", "n")
        for item in (one, two)
    }
    assert len(keys) == 8
    hurried = Describe("gemini", "m", base_url="http://proxy", calls=Calls(at_once=9, max_tokens=1))
    assert DescribeStage(hurried).key(one) == DescribeStage(Describe("gemini", "m")).key(one)


def test_other_settings_are_another_question_and_the_batch_mode_is_not() -> None:
    item = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    keys = [DescribeStage(Describe(thinking_budget=budget)).key(item) for budget in (None, 0, 128)]
    assert len({*keys, DescribeStage(Describe(temperature=None)).key(item)}) == 4
    assert DescribeStage(Describe(calls=Calls(batch=True))).key(item) == keys[0]


@pytest.fixture
def candidates(tmp_path: Path) -> list[Candidate]:
    """Nine small pictures."""
    found = []
    for grey in range(20, 200, 20):
        path = tmp_path / f"{grey}.png"
        Image.fromarray(np.full((40, 60, 3), grey, np.uint8)).save(path)
        found += candidates_of(SourceFile(path, path.name), Ingest(1).process_one(SourceFile(path, path.name)))
    return found


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret-of-the-lab-0123456789")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    with FakeApi() as fake:
        yield fake


def asked(api: FakeApi, **calls: Any) -> DescribeStage:
    limits = Calls(first_wait=0.01, per_minute=1e6, **calls)
    return DescribeStage(Describe("gemini", "gemini-test", base_url=api.url, calls=limits))


def test_a_request_that_is_refused_alike_for_every_image_stops_soon_and_can_be_made_again(
    api: FakeApi, candidates: list[Candidate]
) -> None:
    api.script.extend(["unsupported"] * 99)
    journal = Journal(None)
    with pytest.raises(UserError, match=r"first 5 items all failed alike: .*temperature.*--retry-failed describe"):
        run_stage(asked(api, at_once=2), candidates, journal, LocalExecutor())
    assert len(api.requests) <= 5 + 2
    api.script.clear()
    journal.forget_failures("describe")
    results, tally = run_stage(asked(api, at_once=2), candidates, journal, LocalExecutor())
    assert tally.failed == 0 and {outcome.value["text"] for _, outcome in results} == {"dog | red car"}
    journal.close()


def test_a_job_of_the_batch_mode_gives_what_single_requests_give(api: FakeApi, candidates: list[Candidate]) -> None:
    api.answer = lambda digest: f"dog | {digest}"
    alone = run_stage(asked(api), candidates, Journal(None), LocalExecutor())[0]
    assert not api.batches.calls
    together, tally = run_stage(asked(api, batch=True), candidates, Journal(None), LocalExecutor())
    assert list(together) == list(alone) and tally.failed == 0
    assert len(api.batches.jobs) == 1


def test_of_a_job_each_image_fails_by_itself(api: FakeApi, candidates: list[Candidate], tmp_path: Path) -> None:
    (tmp_path / "40.png").unlink()
    api.script.extend(["ok"] * 6 + ["safety", "503"])  # from the last to the first
    journal = Journal(None)
    results, tally = run_stage(asked(api, batch=True), candidates, journal, LocalExecutor())
    errors = [outcome.error for _, outcome in results if outcome.error]
    assert len(results) == 9 and errors[1:] == ["the file is gone", "blocked by Gemini: SAFETY"]
    assert errors[0].startswith("503: The model is overloaded") and tally.passing == 2
    before = len(api.requests)
    _, tally = run_stage(asked(api, batch=True), candidates, journal, LocalExecutor())
    assert (len(api.requests) - before, tally.failed) == (1, 2)  # the blocked one is not asked about again
    journal.close()


def test_what_a_model_on_disk_says_of_one_image_does_not_depend_on_a_damaged_one(
    candidates: list[Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Model:
        def ask_together(self, prompt: str, images: list[Any]) -> list[Reply]:
            return [Reply(f"dog | {int(image.mean())}", 0, "vlm") for image in images]

    (tmp_path / "40.png").unlink()
    stage = DescribeStage(Describe("local", str(tmp_path)))
    monkeypatch.setattr(stage, "_local", Model())
    assert (stage.place, stage.whole_batches) == ("gpu", True)
    said = [
        outcome.value["text"] if outcome.error is None else outcome.error for outcome in stage.process(candidates[:3])
    ]
    assert said == ["dog | 20", "the file is gone", "dog | 60"]


def test_a_model_is_looked_for_when_an_image_is_worked_on_and_not_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub(tmp_path, monkeypatch)
    candidate = Candidate(Path("a"), Source("0" * 16, "f", "d", 640, 480, "a"))
    stage = DescribeStage(Describe("local", "nobody/has-this"))
    assert stage.place == "gpu"
    assert stage.key(candidate)  # nothing is known of it, so it is due
    with pytest.raises(UserError, match="describe: the model 'nobody/has-this'"):
        pickle.loads(pickle.dumps(stage)).setup()
    hub.add("nobody/has-this", {"config.json": "{}"})
    assert DescribeStage(Describe("local", "nobody/has-this")).key(candidate) != stage.key(candidate)
