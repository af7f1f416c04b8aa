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
        self.lock = threading.Lock()
        """Held while an answer is counted and sent: whoever holds it knows that none is on its way."""

    def __enter__(self) -> FakeApi:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                api._serve(self)

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
        status, content = self._gemini(act, key, digest) if gemini else self._openai(act, key, digest)
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

    def _gemini(self, act: str, key: str, digest: str) -> tuple[int, Any]:
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
