"""A local server that speaks the Gemini and the OpenAI protocol, well or badly, as a script says."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TROUBLES = ("429", "500", "503", "timeout", "not json", "revoked", "no such model")


class FakeApi:
    """Answers requests; ``script`` holds what the next ones get, ``ok`` once it is empty. Use as a context manager."""

    def __init__(self, answer: Callable[[str], str] = lambda digest: "dog | red car") -> None:
        self.answer = answer
        self.script: deque[str] = deque()
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.answered: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0
        self.batches = FakeBatches(self)
        self.lock = threading.Lock()
        """Held while an answer is counted and sent: whoever holds it knows that none is on its way."""

    def __enter__(self) -> FakeApi:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if "/upload/" in self.path or "batch" in self.path:
                    api.batches.serve(self)
                else:
                    api._serve(self)

            def do_GET(self) -> None:
                api.batches.serve(self)

            do_DELETE = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        key = handler.headers.get("x-goog-api-key") or handler.headers.get("authorization", "").removeprefix("Bearer ")
        gemini = ":generateContent" in handler.path
        picture = _picture(body, gemini)
        digest = hashlib.sha256(picture).hexdigest()
        with self.lock:
            self.requests.append({"path": handler.path, "body": body, "picture": picture})
            self.keys.add(key)
            act = self.script.popleft() if self.script else "ok"
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        if act == "timeout":
            handler.connection.recv(1, socket.MSG_PEEK)  # until the client has waited long enough and hangs up
        status, content = self.gemini(act, key, digest) if gemini else self._openai(act, key, digest)
        with self.lock:
            self.under_way -= 1
            if _has_hung_up(handler.connection):
                return
            if act not in TROUBLES:
                self.answered[digest] += 1
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            try:
                handler.send_response(status)
                handler.send_header("content-type", "application/json")
                handler.send_header("content-length", str(len(data)))
                if act == "429" and not gemini:
                    handler.send_header("retry-after", "0.01")
                handler.end_headers()
                handler.wfile.write(data)
            except OSError:
                pass  # the client hangs up at this moment

    def gemini(self, act: str, key: str, digest: str) -> tuple[int, Any]:
        def error(code: int, status: str, message: str, details: Any = ()) -> tuple[int, Any]:
            return code, {"error": {"code": code, "status": status, "message": message, "details": list(details)}}

        usage = {"promptTokenCount": 700, "candidatesTokenCount": 9, "totalTokenCount": 709}
        whole = {"usageMetadata": usage, "modelVersion": "gemini-test-001"}
        match act:
            case "429":
                retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}
                return error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", [retry])
            case "500" | "503":
                return error(int(act), "UNAVAILABLE", f"The model is overloaded; the key was {key}")
            case "revoked":
                return error(400, "INVALID_ARGUMENT", f"API key not valid: {key}. Please pass a valid API key.")
            case "forbidden":
                return error(403, "PERMISSION_DENIED", f"The key {key} was reported as leaked")
            case "no such model":
                return error(404, "NOT_FOUND", "models/gemini-9 is not found")
            case "not json":
                return 200, b"<html>a proxy's page</html>"
            case "safety":
                return 200, {"promptFeedback": {"blockReason": "SAFETY"}, **whole}
            case "cut":
                content = {"role": "model", "parts": [{"text": "dog | re"}]}
                return 200, {"candidates": [{"content": content, "finishReason": "MAX_TOKENS"}], **whole}
            case "empty":
                return 200, {"candidates": [{"finishReason": "STOP"}], **whole}
            case "no candidate":
                return 200, whole
            case "no text":
                return 200, {"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}], **whole}
            case "wrong schema":
                return 200, {"candidates": "none"}
            case "empty body":
                return 200, b""
            case "unsupported":
                return error(400, "INVALID_ARGUMENT", "temperature does not support 0.0 with this model")
        text = self.answer(digest) if act in ("ok", "timeout") else act
        parts = [{"text": "I look at the picture.", "thought": True}, {"text": text}]
        return 200, {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}], **whole}

    def _openai(self, act: str, key: str, digest: str) -> tuple[int, Any]:
        def error(code: int, message: str, kind: str) -> tuple[int, Any]:
            return code, {"error": {"message": message, "type": kind, "code": kind, "param": None}}

        match act:
            case "429":
                return error(429, "Rate limit reached", "rate_limit_exceeded")
            case "quota":
                return error(429, f"You exceeded your current quota with {key}", "insufficient_quota")
            case "500" | "503":
                return error(int(act), f"The server had an error with {key}", "server_error")
            case "revoked":
                return error(401, f"Incorrect API key provided: {key}", "invalid_api_key")
            case "no such model":
                return error(404, "The model does not exist", "model_not_found")
            case "not json":
                return 200, b"<html>a proxy's page</html>"
            case "no choice":
                return 200, {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
            case "wrong schema":
                return 200, {"choices": [{"index": 0}]}
            case "empty body":
                return 200, b""
        text = self.answer(digest) if act in ("ok", "timeout", "safety", "cut") else "" if act == "empty" else act
        reason = {"safety": "content_filter", "cut": "length"}.get(act, "stop")
        choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 500, "completion_tokens": 8, "total_tokens": 508}
        about = {"id": "1", "object": "chat.completion", "created": 1, "model": "lab-vlm-2"}
        return 200, {**about, "choices": [choice], "usage": usage}


class FakeBatches:
    """Gemini's batch mode: files go up, jobs are made of them, and results come down; every job is in one ``state``.

    ``script`` is what the next calls get: ``ok``, an HTTP status in place of an answer, or ``lost``, for one that is
    worked on although the answer says otherwise.
    """

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.script: deque[str] = deque()
        self.calls: list[str] = []
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.state = "BATCH_STATE_SUCCEEDED"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        url = handler.path.partition("?")[0]
        headers = {"content-type": "application/json"}
        with self.api.lock:
            self.calls.append(f"{handler.command} {url}")
            act = self.script.popleft() if self.script else "ok"
            status, content = (
                (int(act), {"error": {"code": int(act), "status": "UNAVAILABLE", "message": act}})
                if (act.isdigit())
                else (200, self._answer(handler.command, url, body, headers))
            )
            if act == "lost":
                status, content = 503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "lost"}}
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def _answer(self, command: str, url: str, body: bytes, headers: dict[str, str]) -> Any:
        name = url.rpartition("/")[2].partition(":")[0]
        if url.endswith("/files"):
            headers["x-goog-upload-url"] = f"{self.api.url}/upload/here"
            return {}
        if url == "/upload/here":
            headers["x-goog-upload-status"] = "final"
            self.files[f"files/{len(self.files)}"] = body
            return {"file": {"name": f"files/{len(self.files) - 1}"}}
        if url.endswith(":batchGenerateContent"):
            batch = json.loads(body)["batch"]
            job, requests = f"batches/{len(self.jobs)}", self.files[batch["inputConfig"]["fileName"]]
            self.files[f"files/of-{len(self.jobs)}"] = b"\n".join(map(self._line, requests.splitlines()[::-1]))
            output = {"responsesFile": f"files/of-{len(self.jobs)}"}
            self.jobs[job] = {"displayName": batch["displayName"], "output": output}
            return {"name": job, "metadata": {**self.jobs[job], "state": "BATCH_STATE_PENDING"}}
        if ":download" in url:
            return self.files[f"files/{name}"]
        if command == "DELETE":
            del self.jobs[f"batches/{name}"]
            return {}
        if name == "batches":
            return {"operations": [self._job(job) for job in self.jobs]}
        return self._job(f"batches/{name}")

    def _job(self, name: str) -> dict[str, Any]:
        return {"name": name, "metadata": {**self.jobs[name], "state": self.state}}

    def _line(self, line: bytes) -> bytes:
        """The answer to a line of the requests; the results are in another order."""
        asked = json.loads(line)
        picture = _picture(asked["request"], True)
        digest = hashlib.sha256(picture).hexdigest()
        self.api.requests.append({"path": "batch", "body": asked["request"], "picture": picture})
        act = self.api.script.popleft() if self.api.script else "ok"
        status, content = self.api.gemini(act, "", digest)
        self.api.answered[digest] += 1
        found = {"response": content} if status == 200 else {"error": content["error"]}
        return json.dumps({"key": asked["key"], **found}).encode()


def _has_hung_up(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False  # it waits
    except OSError:
        return True


def _picture(body: dict[str, Any], gemini: bool) -> bytes:
    if gemini:
        data = next(part["inlineData"]["data"] for part in body["contents"][0]["parts"] if "inlineData" in part)
    else:
        parts = body["messages"][0]["content"]
        data = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url").split(",")[1]
    return base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_" if "-" in data or "_" in data else None)
