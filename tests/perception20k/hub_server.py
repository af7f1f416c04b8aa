"""A server that speaks as much of the Hugging Face hub's protocol as uploads, downloads and ``datasets`` use."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote, urlsplit


class HubServer(ThreadingHTTPServer):
    """Repositories in memory; ``sent`` lists the paths of every commit."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, dict[str, bytes]] = {}
        """By ``datasets/NAME/REPO`` or ``models/NAME/REPO``, the files by their path."""
        self.private: dict[str, bool] = {}
        self.sent: list[list[str]] = []
        self.large: dict[str, bytes] = {}
        """Contents of large files by their SHA-256."""
        self.received: list[str] = []
        """The SHA-256 of each large file, as often as it came."""
        self.room: int | None = None
        """How many large files are taken before the server refuses; None is all."""
        self.counting = Lock()

    def environment(self, home: str, token: str = "hf_of_the_tests") -> dict[str, str]:
        """What makes the hub's own package talk to this server, and to no other."""
        here = {"HF_ENDPOINT": self.url, "HF_HOME": home, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        return {**here, "HF_TOKEN": token} if token else here


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A running server."""
    with HubServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@cache
def _oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        path, body = urlsplit(self.path).path, self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.headers.get("Authorization"):
            return self._json({"error": "who are you?"}, 401)
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = "/".join(part for part in (asked.get("organization"), asked["name"]) if part)
            repo = f"{asked.get('type', 'model')}s/{name}"
            known = repo in self.server.files
            self.server.files.setdefault(repo, {})
            self.server.private.setdefault(repo, asked.get("private") or asked.get("visibility") == "private")
            prefix = "" if repo.startswith("models/") else "datasets/"
            return self._json({"url": f"{self.server.url}/{prefix}{name}", "name": name}, 409 if known else 200)
        if found := re.fullmatch(r"/(.+)\.git/info/lfs/objects/batch", path):
            asked = json.loads(body)["objects"]
            ways = {each["oid"]: {"upload": {"href": f"{self.server.url}/large/{each['oid']}"}} for each in asked}
            objects = [
                each if each["oid"] in self.server.large else {**each, "actions": ways[each["oid"]]} for each in asked
            ]
            return self._json({"transfer": "basic", "objects": objects})
        found = re.fullmatch(r"/api/(\w+/[^/]+/[^/]+)/(preupload|commit|paths-info)/([^/]+)", path)
        if not found or found[1] not in self.server.files:
            return self._json({"error": "no such repository"}, 404)
        files = self.server.files[found[1]]
        if found[2] == "preupload":
            return self._json({"files": [self._mode(each, files) for each in json.loads(body)["files"]]})
        if found[2] == "paths-info":
            asked = (
                json.loads(body) if body.startswith(b"{") else {"paths": re.findall(r"paths=([^&]+)", body.decode())}
            )
            wanted = [unquote(name) for name in asked["paths"]]
            return self._json([entry for name in wanted for entry in self._tree(files, "") if entry["path"] == name])
        sent = []
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
                sent.append(value["path"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
                sent.append(value["path"])
        self.server.sent.append(sent)
        commit, repo = self._sha(files), found[1].removeprefix("models/")
        self._json({"commitUrl": f"{self.server.url}/{repo}/commit/{commit}", "commitOid": commit})

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        digest = hashlib.sha256(content).hexdigest()
        with self.server.counting:
            if self.server.room == len(self.server.large):
                return self._json({"error": "the link has expired"}, 403)
            self.server.large[digest] = content
            self.server.received.append(digest)
        self._json({})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        hidden = [repo for repo, is_private in self.server.private.items() if is_private and repo in f"/models{path}"]
        if hidden and not self.headers.get("Authorization"):
            return self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        found = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if found:
            files = self.server.files.get(f"{found[1] or 'models/'}{found[2]}", {})
            if found[4] not in files:
                return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self._sha(files)})
            content = files[found[4]]
            about = {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": self._sha(files)}
            if part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
                return self._send(206, content[int(part[1]) : int(part[2]) + 1], about)
            return self._send(200, content, about)
        found = re.fullmatch(r"/api/((?:datasets|models)/[^/]+/[^/]+)(?:/(revision|tree)/([^/]+)(?:/(.+))?)?", path)
        if not found or found[1] not in self.server.files:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        files = self.server.files[found[1]]
        if found[2] == "tree":
            return self._json(self._tree(files, found[4] or ""))
        about = {"id": found[1].partition("/")[2], "sha": self._sha(files), "private": self.server.private[found[1]]}
        about |= {"tags": [], "downloads": 0, "likes": 0, "gated": False, "disabled": False}
        self._json({**about, "siblings": [{"rfilename": name} for name in files]})

    def _mode(self, asked: dict[str, Any], files: dict[str, bytes]) -> dict[str, Any]:
        large = not asked["path"].endswith((".md", ".json", ".yaml", ".csv", ".jsonl"))
        there = files.get(asked["path"])
        oid = None if there is None else hashlib.sha256(there).hexdigest() if large else _oid(there)
        mode = "lfs" if large else "regular"
        return {"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _tree(self, files: dict[str, bytes], below: str) -> list[dict[str, Any]]:
        names = [name for name in files if name.startswith(f"{below}/" if below else "")]
        folders = {"/".join(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 1)}
        found = [{"type": "directory", "path": folder, "oid": _oid(folder.encode()), "size": 0} for folder in folders]
        return found + [{"type": "file", "path": n, "size": len(files[n]), "oid": _oid(files[n])} for n in names]

    def _sha(self, files: dict[str, bytes]) -> str:
        return hashlib.sha1(repr(sorted((name, _oid(content)) for name, content in files.items())).encode()).hexdigest()

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
