"""Pickers that behave as the real ones do, without Kubernetes: three generations, one script each.

What they imitate was seen with the real ones behind Envoy 1.36.4 (inference extension 0.3.0, 0.5.1,
1.2.0 and 1.5.0): when they answer, that JSON is written anew, and which headers they set.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

import grpc

from tests.picker.lab import DESTINATION, SEEN
from tests.picker.messages import SERVICE, ProcessingRequest, ProcessingResponse, overwrite
from tests.picker.process import READY_SECONDS, Running

_CHUNK: Final = 62_000

Script = Callable[["Scripted", Iterator[Any]], Iterator[Any]]


class Scripted(Running):
    """A gRPC server on a free loopback port that picks `pod` for every request.

    `received` lists the messages of all streams in order; `body_modes` what Envoy said of them.
    """

    def __init__(self, script: Script, credentials: grpc.ServerCredentials | None = None) -> None:
        self.pod = ""
        self.received: list[str] = []
        self.body_modes: set[int] = set()
        self.picks = 0
        self._asked = threading.Event()
        self._script = script
        self._server = grpc.server(ThreadPoolExecutor(8))
        method = grpc.stream_stream_rpc_method_handler(
            self._process,
            request_deserializer=ProcessingRequest.FromString,
            response_serializer=ProcessingResponse.SerializeToString,
        )
        handler = grpc.method_handlers_generic_handler(SERVICE, {"Process": method})
        self._server.add_generic_rpc_handlers((handler,))
        address = "127.0.0.1:0"
        if credentials is None:
            self.port = int(self._server.add_insecure_port(address))
        else:
            self.port = int(self._server.add_secure_port(address, credentials))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop(grace=None).wait()

    @property
    def heard(self) -> int:
        return self.received.count("request_headers")

    def wait_until_asked(self) -> bool:
        return self._asked.wait(READY_SECONDS)

    def may_choose(self, pod: str) -> bool:
        return pod == self.pod

    def pick(self) -> dict[str, Any]:
        """The header that names its pod, for a body that it has read."""
        self.picks += 1
        return self.named()

    def named(self) -> dict[str, Any]:
        return overwrite(DESTINATION, self.pod)

    def _process(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        yield from self._script(self, self._noted(requests))

    def _noted(self, requests: Iterator[Any]) -> Iterator[Any]:
        for request in requests:
            self.received.append(next(field.name for field, _ in request.ListFields()))
            if request.HasField("protocol_config"):
                self.body_modes.add(request.protocol_config.request_body_mode)
            self._asked.set()
            yield request


def streaming(picker: Scripted, requests: Iterator[Any]) -> Iterator[Any]:
    """Since 0.4.0, and 0.3.0 with USE_STREAMING=true: nothing before the end of the body."""
    body = b""
    for request in requests:
        if request.HasField("request_headers") and request.request_headers.end_of_stream:
            yield ProcessingResponse(request_headers={"response": picker.named()})
        elif request.HasField("request_body"):
            body += request.request_body.body
            if request.request_body.end_of_stream:
                yield _picked(picker)
                yield from _streamed("request_body", _written_anew(body), ends=True)
        elif request.HasField("response_headers"):
            yield ProcessingResponse(response_headers={"response": overwrite(SEEN, "true")})
        elif request.HasField("response_body"):
            part = request.response_body
            yield from _streamed("response_body", part.body, ends=part.end_of_stream)


def per_message(picker: Scripted, requests: Iterator[Any]) -> Iterator[Any]:
    """0.3.0 with USE_STREAMING=false: each message is answered at once, the pick with the body."""
    for request in requests:
        if request.HasField("request_headers"):
            yield ProcessingResponse(request_headers={})
        elif request.HasField("request_body"):
            pick = picker.pick()
            pick["body_mutation"] = {"body": request.request_body.body}
            yield ProcessingResponse(request_body={"response": pick})
        elif request.HasField("response_headers"):
            yield ProcessingResponse(response_headers={"response": overwrite(SEEN, "true")})
        elif request.HasField("response_body"):
            yield ProcessingResponse(response_body={})


def frozen(picker: Scripted, requests: Iterator[Any]) -> Iterator[Any]:
    """Reads and never answers, as a stopped process does."""
    deque(requests, maxlen=0)
    return iter(())


def _picked(picker: Scripted) -> Any:
    return ProcessingResponse(request_headers={"response": picker.pick()})


def _written_anew(body: bytes) -> bytes:
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def _streamed(field: str, body: bytes, *, ends: bool) -> Iterator[Any]:
    starts = range(0, max(len(body), 1), _CHUNK)
    for start in starts:
        part = {
            "body": body[start : start + _CHUNK],
            "end_of_stream": ends and start == starts[-1],
        }
        mutation = {"body_mutation": {"streamed_response": part}}
        yield ProcessingResponse(**{field: {"response": mutation}})
