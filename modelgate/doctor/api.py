"""The Kubernetes API is asked with GET alone; what it answers instead of data has a name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError
from urllib3.exceptions import HTTPError

JSON: Final = "application/json"
METADATA: Final = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_TIMEOUT: Final = (10, 60)
_FOREVER: Final = (10, None)


class RefusedError(Exception):
    """The API answered with an error: `status` and `reason` as in HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class UnreachableError(Exception):
    """The API did not answer; the text says why, and never holds a token."""


@dataclass(frozen=True, slots=True)
class Api:
    """A cluster and the name by which people know it."""

    name: str
    client: DynamicClient

    def get(self, path: str, accept: str = JSON, **query: str | int) -> dict[str, Any]:
        """The JSON document at `path`. Raises RefusedError or UnreachableError."""
        answer = self._ask(path, accept, query, serializer=lambda _, document: document)
        if not isinstance(answer, dict):
            raise UnreachableError(f"{path} did not answer with JSON: is this a Kubernetes API?")
        return answer

    def lines(self, path: str, follow: bool = False, **query: str | int) -> Iterator[str]:
        """The lines of a text such as a log; with `follow` as they come, without end.

        Raises RefusedError or UnreachableError, the latter also in the middle.
        """
        more = {**query, "follow": "true"} if follow else query
        response = self._ask(path, "*/*", more, serialize=False, forever=follow)
        rest = b""
        try:
            for chunk in response.stream(2**16):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
        except HTTPError as error:
            raise UnreachableError(_cause(error)) from error
        if rest:
            yield rest.decode(errors="replace")

    def _ask(
        self,
        path: str,
        accept: str,
        query: dict[str, str | int],
        forever: bool = False,
        **how: Any,
    ) -> Any:
        try:
            return self.client.request(
                "GET",
                path,
                query_params=list(query.items()),
                header_params={"Accept": accept},
                _request_timeout=_FOREVER if forever else _TIMEOUT,
                **how,
            )
        except DynamicApiError as error:
            raise RefusedError(int(error.status or 0), str(error.reason)) from error
        except HTTPError as error:
            raise UnreachableError(_cause(error)) from error


def _cause(error: BaseException) -> str:
    """The innermost reason in one line; never the request, whose headers hold the token."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error).split(": ", 1)[-1]
