"""A stand-in for the hub of models and datasets: repositories at one commit, served from this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests import runs

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """What is served, to whom, and what was asked for."""

    name: str
    files: dict[str, bytes]
    kind: str = "models"
    gated: bool = False
    token: str = "hf_good"
    commit: str = COMMIT
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, folder: Path, **settings: Any) -> Repository:
        """Serve a folder's files."""
        return cls(name, {file.name: file.read_bytes() for file in folder.iterdir()}, **settings)


@contextmanager
def serving(*repositories: Repository) -> Iterator[None]:
    """Serve until the block ends, where runs look for the hub."""
    served = {repository.name: repository for repository in repositories}
    server = _Server(runs.HUB.getsockname(), type("Handler", (_Handler,), {"served": served}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    allow_reuse_port = True  # the port is kept by a socket that does not listen


class _Handler(BaseHTTPRequestHandler):
    served: dict[str, Repository]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that http.server calls
        path = unquote(urlsplit(self.path).path)
        name = "/".join(path.replace("/api", "").replace("/models/", "/").replace("/datasets/", "/").split("/")[1:3])
        if not (hub := self.served.get(name)):
            self._refuse(401, "RepoNotFound", "Repository not found")
            return
        hub.asked.append(f"{self.command} {path}")
        inside = path.partition(hub.name)[2].strip("/")
        if path.startswith("/api/"):
            self._describe(hub, inside.split("/"))
        else:
            revision, _, file = inside.removeprefix("resolve/").partition("/")
            self._file(hub, revision, file)

    do_HEAD = do_GET  # noqa: N815  # as above

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _describe(self, hub: Repository, parts: list[str]) -> None:
        if len(parts) > 1 and parts[1] not in (hub.commit, "main"):
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
        elif parts[0] == "tree":
            self._send(200, json.dumps([_entry(hub, name) for name in sorted(hub.files)]).encode())
        else:
            siblings = [_sibling(hub, name) for name in sorted(hub.files)]
            described = {"id": hub.name, "sha": hub.commit, "siblings": siblings, "private": False, "tags": []}
            self._send(200, json.dumps(described).encode())

    def _file(self, hub: Repository, revision: str, name: str) -> None:
        if revision not in (hub.commit, "main"):
            self._refuse(404, "RevisionNotFound", "Invalid rev id")
        elif hub.gated and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._refuse(401 if "Authorization" not in self.headers else 403, "GatedRepo", "Access is restricted")
        elif name not in hub.files:
            self._refuse(404, "EntryNotFound", "Entry not found")
        else:
            etag = f'"{hashlib.sha256(hub.files[name]).hexdigest()}"'
            self._send(200, hub.files[name], {"ETag": etag, "X-Repo-Commit": hub.commit, "Accept-Ranges": "bytes"})

    def _refuse(self, status: int, code: str, message: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        self._send(status, json.dumps({"error": message}).encode(), headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        start, end = 0, len(content)
        if status == 200 and (wanted := self.headers.get("Range", "")).startswith("bytes="):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end, status = int(first or 0), int(last) + 1 if last else end, 206
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{min(end, len(content)) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content[start:end])))
        self.send_header("Connection", "close")  # a client in this process would go on with it after the server's end
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:end])


def _sibling(hub: Repository, name: str) -> dict[str, Any]:
    content = hub.files[name]
    lfs = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "pointerSize": 134}
    return {"rfilename": name, "size": len(content)} | ({"lfs": lfs} if name.endswith(".safetensors") else {})


def _entry(hub: Repository, name: str) -> dict[str, Any]:
    content = hub.files[name]
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha256(content).hexdigest()[:40]}
