"""A run's own vLLM server, played by a process with vLLM's command line and routes."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from perception20k.cli import cli
from perception20k.core.errors import UserError
from trainer.evaluation import vllm_server
from trainer.evaluation.predictions import read_predictions
from trainer.evaluation.run import EvaluationConfig, evaluate
from trainer.evaluation.vllm_server import OFF, VLLM, server_for

pytest.importorskip("openai")

pytestmark = pytest.mark.slow

PLAYED = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
open({log!r}, "w").write(json.dumps({{"told": sys.argv[1:3], "options": options, "process": os.getpid()}}))
if "broken" in sys.argv[2]:
    sys.exit("ValueError: no kernel image is available\\n\\n")

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"" if self.path == "/health" else b"?")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/chat/completions" and asked["model"] == options["--served-model-name"]
        message = {{"role": "assistant", "content": "<answer>3.0</answer>"}}
        choice = {{"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}}
        reply = {{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}}
        self.answer(json.dumps(reply).encode())

    def answer(self, data):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

ThreadingHTTPServer((options["--host"], int(options["--port"])), Handler).serve_forever()
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the ``vllm`` that is found on the path writes what it was told."""
    command = tmp_path / "bin" / "vllm"
    command.parent.mkdir()
    command.write_text(PLAYED.format(python=sys.executable, log=str(tmp_path / "told.json")))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    return tmp_path / "told.json"


def test_a_run_starts_it_asks_it_and_stops_it(tiny: Path, pictures: Path, tmp_path: Path, log: Path) -> None:
    plan = EvaluationConfig(str(tiny), VLLM, data=(f"{pictures / 'rated.csv'}:0-5",), ask=("think",), max_tokens=64)
    evaluate(plan, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["server"] == "vllm"
    said = read_predictions(tmp_path / "run" / "predictions.parquet")
    assert [prediction.text for prediction in said] == ["<answer>3.0</answer>"] * 5
    started = json.loads(log.read_text())
    assert started["told"] == ["serve", str(tiny)]
    assert started["options"]["--generation-config"] == "vllm"
    assert int(started["options"]["--max-model-len"]) > 2048 + 64
    assert json.loads(started["options"]["--limit-mm-per-prompt"]) == {"image": 3}  # a pair with its reference
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{started['options']['--port']}/health")
    with pytest.raises(ProcessLookupError):
        os.kill(started["process"], 0)


def test_one_that_does_not_start_is_told_in_its_last_words(
    tiny: Path, pictures: Path, tmp_path: Path, log: Path
) -> None:
    (tmp_path / "broken").symlink_to(tiny)
    plan = EvaluationConfig(str(tmp_path / "broken"), VLLM, data=(f"{pictures / 'rated.csv'}:0-5",))
    with pytest.raises(UserError, match="broken: vLLM did not start: ValueError: no kernel image is available"):
        evaluate(plan, tmp_path / "run")


def test_without_vllm_it_is_told_how_to_get_or_do_without_it(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    data = ("--data", f"{pictures / 'rated.csv'}:0-5")
    done = CliRunner().invoke(cli, ["evaluate", str(tiny), *data, "--out", str(tmp_path / "run"), "--server", "vllm"])
    assert isinstance(done.exception, UserError)
    assert "--server vllm needs vllm, which is not installed" in str(done.exception)


@pytest.mark.parametrize(
    ("model", "wanted", "gpu", "installed", "where"),
    [
        ("whole", None, True, True, VLLM),
        ("whole", None, False, True, None),
        ("whole", None, True, False, None),
        ("whole", OFF, True, True, None),
        ("whole", "http://host/v1", True, True, "http://host/v1"),
        ("adapter", None, True, True, None),
        ("scripted:constant", None, True, True, None),
    ],
)
def test_without_a_wish_vllm_answers_for_a_whole_model_where_it_can(
    model: str,
    wanted: str | None,
    gpu: bool,
    installed: bool,
    where: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(vllm_server.shutil, "which", lambda *_, **__: "vllm" if installed else None)
    assert server_for(model if ":" in model else str(tmp_path / model), wanted) == where


@pytest.mark.parametrize(
    ("visible", "index", "own"), [("", 1, "1"), ("4,6", 1, "6"), ("GPU-ab,GPU-cd", 0, "GPU-ab"), ("3", None, "3")]
)
def test_each_process_serves_on_its_own_gpu(
    visible: str, index: int | None, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert vllm_server.environment(index)["CUDA_VISIBLE_DEVICES"] == own
