"""The OpenAI-compatible client against a local server with a time-out, a 429, a 500 and nonsense among its replies."""

from __future__ import annotations

import base64
import io
import json
import math
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.core.errors import UserError
from tests.waiting import DEADLINE
from trainer.data.mos import read_csv
from trainer.data.rows import Row
from trainer.evaluation import scoring
from trainer.evaluation.compare import compare
from trainer.evaluation.readout import expectation
from trainer.evaluation.run import EvaluationConfig, evaluate
from trainer.evaluation.server import Server

pytest.importorskip("openai")

pytestmark = pytest.mark.slow

KEY = "sk-very-secret-0123456789"
Reply = tuple[int, Any]


def completion(text: str | None, tokens: list[tuple[str, dict[str, float]]] | None = None, **more: Any) -> Reply:
    """A chat completion, with log-probabilities where ``tokens`` are given."""
    content = [
        {"token": token, "logprob": -0.1, "top_logprobs": [{"token": t, "logprob": p} for t, p in likeliest.items()]}
        for token, likeliest in tokens or []
    ]
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    choice["logprobs"] = {"content": content} if tokens else None
    return 200, {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice | more]}


class Played:
    """A server that plays replies in turn, the last one for ever, and keeps the requests."""

    def __init__(self) -> None:
        self.replies: list[Reply | Callable[[dict[str, Any]], Reply]] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.lock = threading.Lock()
        played = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with played.lock:
                    played.requests.append(asked)
                    played.keys.add(self.headers["Authorization"])
                    reply = played.replies.pop(0) if len(played.replies) > 1 else played.replies[0]
                status, body = reply(asked) if callable(reply) else reply
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    if status == 429:
                        self.send_header("retry-after-ms", "10")
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:  # the client has stopped waiting
                    pass

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)  # the pauses, not the retries
    server = Played()
    yield server
    server.close()


@pytest.fixture
def row(pictures: Path) -> Row:
    grid = Server("m", "http://127.0.0.1:9/v1", 16, 56 * 56).grid
    return scoring.suite(read_csv(pictures / "rated.csv", 0, 5), "think", grid).rows[0]


def ask(played: Played, row: Row, samples: int = 0, retries: int = 3, timeout: float = 120) -> Any:
    client = Server("m", played.url, 64, 1920 * 1080, timeout=timeout, retries=retries)
    return client.answer([row], samples)[0]


def test_a_timeout_a_429_and_a_500_are_tried_again(played: Played, row: Row) -> None:
    done = threading.Event()

    def never(asked: dict[str, Any]) -> Reply:
        done.wait(DEADLINE)
        return completion("too late")

    slow, right = (429, {"error": {"message": "slow down"}}), completion("<answer>3</answer>")
    played.replies = [never, slow, (500, "down"), right]
    answers = ask(played, row, retries=50, timeout=0.5)  # a slow machine may need some of the others
    done.set()
    assert [answer.text for answer in answers] == ["<answer>3</answer>"]
    assert len(played.requests) >= 4


@pytest.mark.parametrize(
    "reply", [(503, "down"), (200, "<html>no json"), (200, {"object": "error"}), (200, {"choices": []})]
)
def test_a_server_that_gives_no_completion_leaves_the_question_for_the_next_run(
    played: Played, row: Row, reply: Reply
) -> None:
    played.replies = [reply]
    assert ask(played, row, retries=1) is None


def test_a_reply_without_text_and_a_refused_question_are_answers_that_cannot_be_read(played: Played, row: Row) -> None:
    client = Server("m", played.url, 64, 1920 * 1080, retries=0)
    replies = [
        (completion("fine"), ""),
        (completion(None, finish_reason="content_filter"), "no text in the reply (finish reason: content_filter)"),
        ((413, {"error": {"message": f"too large for {KEY}"}}), "HTTP 413"),
    ]
    for reply, error in replies:
        played.replies = [reply]
        (answers,) = client.answer([row], 0)
        assert answers is not None and answers[0].text == ("" if error else "fine")
        assert answers[0].error.startswith(error) and KEY not in answers[0].error


def test_a_server_that_refuses_a_whole_first_batch_stops_the_run(played: Played, row: Row) -> None:
    played.replies = [(400, {"error": {"message": "max_tokens is not supported"}})]
    with pytest.raises(UserError, match=r"it refuses every question\. HTTP 400: .*max_tokens is not supported"):
        ask(played, row)


def test_a_server_that_cannot_be_reached_stops_the_run_at_once(row: Row) -> None:
    with pytest.raises(
        UserError, match=r"^http://127\.0\.0\.1:9/v1: no answer: Connection error\. Check that a server runs"
    ):
        Server("m", "http://127.0.0.1:9/v1", 64, 10**6, retries=0).answer([row, row], 0)


def test_without_a_key_no_word_of_the_server_is_masked(
    played: Played, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    played.replies = [(400, {"error": {"message": "none of the models sees images"}})]
    with pytest.raises(UserError, match="none of the models sees images"):
        ask(played, row)


@pytest.mark.parametrize(("status", "hint"), [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "model's name")])
def test_a_wrong_key_or_model_stops_the_run_in_a_line_without_the_key(
    played: Played, row: Row, status: int, hint: str
) -> None:
    played.replies = [(status, {"error": {"message": f"Incorrect API key provided: {KEY}"}})]
    with pytest.raises(UserError, match=hint) as error:
        ask(played, row)
    assert KEY not in str(error.value) and error.value.__cause__ is None
    assert played.keys == {f"Bearer {KEY}"}


def test_the_question_goes_out_as_it_is_asked_of_a_local_model(played: Played, row: Row) -> None:
    played.replies = [completion("<answer>3</answer>")]
    ask(played, row, samples=2)
    first, *sampled = played.requests
    assert (first["model"], first["temperature"], first["logprobs"], first["top_logprobs"]) == ("m", 0, True, 20)
    assert [(asked["temperature"], asked["seed"], "logprobs" in asked) for asked in sampled] == [
        (1, 1, False),
        (1, 2, False),
    ]
    image, text = first["messages"][0]["content"]
    assert text["text"] == row["prompt"][0]["content"][1]["text"]
    with Image.open(io.BytesIO(base64.b64decode(image["image_url"]["url"].split(",")[1]))) as sent:
        assert sent.size == row["images"][0].size == (56, 28)  # on the grid of 28
        assert sent.tobytes() == row["images"][0].tobytes()


def test_the_probability_readout_takes_the_answers_digit_from_the_log_probabilities(played: Played, row: Row) -> None:
    chances = {"3": math.log(0.6), "4": math.log(0.2), "2": math.log(0.2), "x": -9.0}
    tokens = [("<answer>", {}), ("Score: ", {}), ("3", chances), (".4", {}), ("</answer>", {})]
    played.replies = [completion("<answer>Score: 3.4</answer>", tokens)]
    (answer,) = ask(played, row)
    assert expectation(answer.digits) == pytest.approx(0.2 * 2 + 0.6 * 3 + 0.2 * 4 + 0.5)


def test_a_server_that_refuses_log_probabilities_is_asked_without_them(played: Played, row: Row) -> None:
    def picky(asked: dict[str, Any]) -> Reply:
        return (400, {"error": {"message": "logprobs"}}) if "logprobs" in asked else completion("<answer>3.1</answer>")

    played.replies = [picky]
    (answer,) = ask(played, row)
    assert (answer.text, answer.digits, answer.error) == ("<answer>3.1</answer>", None, "")


def test_a_run_is_finished_by_a_second_call_and_the_key_is_in_no_file(
    played: Played, pictures: Path, tmp_path: Path
) -> None:
    """Of five questions one is refused, one is answered with nonsense, one gets no answer in the first call."""
    names = {Image.open(pictures / f"{i}.png").resize((112, 84)).tobytes(): i for i in range(5)}
    down = True

    def reply(asked: dict[str, Any]) -> Reply:
        url = asked["messages"][0]["content"][0]["image_url"]["url"]
        with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as sent:
            i = names[sent.tobytes()]
        if i == 1:
            return 422, {"error": {"message": f"not this one, {KEY}"}}
        if i == 2:
            return completion("beautiful")
        return (503, "down") if i == 3 and down else completion(f"<answer>Score: {4.6 - i:.1f}</answer>")

    played.replies = [reply]
    plan = EvaluationConfig("m", data=(f"{pictures / 'rated.csv'}:0-5",), ask=("no-think",), server=played.url, batch=2)
    with pytest.raises(UserError, match="1 of 5 questions got no answer"):
        evaluate(plan, tmp_path / "run")
    with pytest.raises(UserError, match="the evaluation has not finished"):
        compare(tmp_path / "run", tmp_path / "run")
    asked = len(played.requests)
    down = False
    assert evaluate(plan, tmp_path / "run") is not None
    assert len(played.requests) == asked + 1  # only what was missing
    text = (tmp_path / "run" / "tables.md").read_text()
    # scores 4.6 0 0 1.6 0.6 for MOS 4.6 3.6 2.6 1.6 0.6: ranks 5 1.5 1.5 4 3 and 5 4 3 2 1, 1.5 / sqrt(9.5 x 10)
    assert "| no-think, number | 0.154 |" in text
    assert "| – | 5 | 2 |" in text  # no spread, five images, two answers unread
    assert "| scoring rated no-think | HTTP 422: " in text and "[key]" in text
    assert all(KEY.encode() not in path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())


def test_boxes_are_scored_in_the_frame_that_the_models_name_tells() -> None:
    frames = {name: Server(name, "http://127.0.0.1:9/v1", 8, 10**6).grid for name in ("Qwen3-VL-8B", "gpt-4o")}
    assert frames["Qwen3-VL-8B"].frame((56, 84)) == (1000, 1000)
    assert frames["gpt-4o"].frame((56, 84)) == (56, 84)
