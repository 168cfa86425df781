"""What a program registers, seen from the monitor: inputs as plain data, and dependencies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2
from typing_extensions import override

SECRET = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks a value as special, secrets among them."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One resource; `inputs` hold `{SECRET: …, "value": …}` where a value is secret."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: frozenset[str]
    provider: str

    @property
    def label(self) -> str:
        """`Kind ns/name`."""
        return f"{self.type.rpartition(':')[2]} {self.name}"


_to_the_end: Callable[[Callable[[], None]], Callable[[], None]] = pulumi.runtime.test
"""A program with all of its registrations awaited."""


class _Answers(Mocks):
    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program calls {args.token}")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)


@dataclass
class _Monitor(MockMonitor):
    registered: list[Registered] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(_Answers())

    @override
    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        self.registered.append(
            Registered(
                request.type,
                request.name,
                urn,
                request.parent,
                MessageToDict(request.object),
                frozenset(request.dependencies),
                request.provider,
            )
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)


def record(program: Callable[[], object]) -> list[Registered]:
    """Run `program` with Pulumi's mocks, as a preview of stack `dev`; in order of registration."""
    monitor = _Monitor()
    set_mocks(monitor.mocks, project="modelgate", stack="dev", preview=True, monitor=monitor)

    def run() -> None:
        program()

    _to_the_end(run)()
    return [one for one in monitor.registered if one.type != "pulumi:pulumi:Stack"]


def objects(registered: list[Registered]) -> dict[str, Registered]:
    """The Kubernetes objects by `Kind ns/name`."""
    return {one.label: one for one in registered if one.type.startswith("kubernetes:")}


def before(one: Registered, registered: list[Registered]) -> set[str]:
    """Labels of everything that is made before `one`, and removed after it."""
    by_urn = {other.urn: other for other in registered}
    seen: set[str] = set()
    waiting = list(one.dependencies)
    while waiting:
        urn = waiting.pop()
        if urn not in seen and urn in by_urn:
            seen.add(urn)
            waiting.extend(by_urn[urn].dependencies)
    return {by_urn[urn].label for urn in seen}
