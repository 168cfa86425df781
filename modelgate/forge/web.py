"""What a web API answers is a reply, a refusal, or a reason to come again; its token is in none."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import requests

TIMEOUT_S: Final = (10.0, 30.0)
_LIMITED: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


class RefusedError(Exception):
    """The API will not do it, however often it is asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})" if status else message)
        self.status = status


class BusyError(Exception):
    """The API may do it later: after `wait_s` seconds, where it says so."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its JSON, and where the next page is."""

    body: Any
    headers: Mapping[str, str]
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class Web:
    """An API below `base`; `headers` carry the token."""

    base: str
    headers: Mapping[str, str] = field(repr=False)
    now: Callable[[], float] = time.time

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Raises RefusedError and BusyError. `path` may be a whole URL below `base`."""
        url = path if path.startswith(f"{self.base}/") else f"{self.base}/{path}"
        try:
            answer = requests.request(
                method,
                url,
                json=body,
                headers=dict(self.headers),
                timeout=TIMEOUT_S,
                allow_redirects=method == "GET",  # a POST that is led on becomes a GET
            )
        except requests.RequestException as error:
            raise BusyError(f"{self.base} cannot be reached ({type(error).__name__})") from None
        if answer.ok and not answer.is_redirect:
            follows = answer.links.get("next", {}).get("url", "")
            return Reply(_json(answer), answer.headers, follows)
        message = f"{method} {url.partition('?')[0]}: {_message(answer)}"
        wait_s = self._wait_s(answer.headers)
        limited = answer.status_code in _LIMITED and wait_s is not None
        if (
            limited
            or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
            or answer.status_code >= 500
        ):
            raise BusyError(f"{message} ({answer.status_code})", wait_s)
        raise RefusedError(answer.status_code, message)

    def _wait_s(self, headers: Mapping[str, str]) -> float | None:
        """`Retry-After` as seconds or as a date; else when a used-up quota is renewed (GitHub)."""
        asked = headers.get("Retry-After", "").strip()
        if asked.isdecimal():
            return float(asked)
        if asked:
            try:
                return max(0.0, parsedate_to_datetime(asked).timestamp() - self.now())
            except ValueError:
                return None
        renewed = headers.get("X-RateLimit-Reset", "")
        if headers.get("X-RateLimit-Remaining") == "0" and renewed.isdecimal():
            return max(0.0, float(renewed) - self.now())
        return None


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _message(answer: requests.Response) -> str:
    """The API's own words, where it has some; the first line, and not too much of it."""
    body = _json(answer)
    words = [body.get("message"), body.get("error")] if isinstance(body, dict) else []
    if isinstance(body, dict):
        errors = body.get("errors")
        words += [one.get("message") for one in errors or () if isinstance(one, dict)]
    said = "; ".join(str(word) for word in words if word) or answer.reason or "no reason given"
    return said.splitlines()[0][:200]
