"""A code host on loopback that answers as the APIs of GitHub and GitLab do."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "ghs_secret"
LONGEST: Final = 65_536
GITHUB: Final = "/repos/octo/maas/issues"
GITLAB: Final = "/projects/42/merge_requests/7/notes"
ME: Final = {"id": 9, "login": "github-actions[bot]", "type": "Bot"}
MALLORY: Final = {"id": 13, "login": "mallory", "type": "User"}


@dataclass(frozen=True)
class Fault:
    """An answer that is given once instead of the real one; `done` says that it was done anyway."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    done: bool = False


@dataclass
class Host:
    """What the code host holds, and what is to go wrong: `faults` by method, in order."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    knows_me: bool = False

    def add(self, body: str, user: dict[str, Any] = ME, **more: Any) -> None:
        comment = {"id": len(self.comments) + 1, "body": body, "user": user, "author": user}
        self.comments.append({**comment, **more})

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, dict[str, str], Any]:
        url = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/user":
            return (200, {}, ME) if self.knows_me else (403, {}, {"message": "not accessible"})
        if method == "GET":
            return self._page(url.path, query)
        if len(body["body"]) > LONGEST:
            errors = [{"message": f"Body is too long (maximum is {LONGEST} characters)"}]
            return 422, {}, {"message": "Validation Failed", "errors": errors}
        if method == "POST":
            self.add(body["body"])
            return 201, {}, self.comments[-1]
        known = re.search(r"/(?:comments|notes)/(\d+)$", url.path)
        assert known
        comment = self.comments[int(known[1]) - 1]
        comment["body"] = body["body"]
        return 200, {}, comment

    def _page(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        size, page = int(query["per_page"]), int(query.get("page", "1"))
        start = (page - 1) * size
        more = len(self.comments) > start + size
        headers = {"X-Next-Page": str(page + 1) if more else ""}
        if more and path.startswith(GITHUB):
            target = f"{self.url}{path}?per_page={size}&page={page + 1}"
            headers = {"Link": f'<{target}>; rel="next", <{target}>; rel="last"'}
        return 200, headers, self.comments[start : start + size]


@contextmanager
def running() -> Iterator[Host]:
    """A code host for the length of the block."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            host.requests.append(f"{self.command} {self.path}")
            faults = host.faults.get(self.command, [])
            fault = faults.pop(0) if faults else None
            if not _authorised(self):
                answer: tuple[int, dict[str, str], Any] = (401, {}, {"message": "Bad credentials"})
            elif fault and not fault.done:
                answer = (fault.status, fault.headers, fault.body)
            else:
                answer = host.answer(self.command, self.path, body)
                answer = (fault.status, fault.headers, fault.body) if fault else answer
            self._send(*answer)

        def do_GET(self) -> None:
            self._any()

        def do_POST(self) -> None:
            self._any()

        def do_PATCH(self) -> None:
            self._any()

        def do_PUT(self) -> None:
            self._any()

        def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _authorised(request: BaseHTTPRequestHandler) -> bool:
    bearer = request.headers.get("Authorization") == f"Bearer {TOKEN}"
    return bearer or request.headers.get("PRIVATE-TOKEN") == TOKEN
