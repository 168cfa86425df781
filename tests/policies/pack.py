"""The policy pack as the engine runs it: its own process, asked over gRPC."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from modelgate.topology import UNKNOWN, Object

ROOT = Path(__file__).parents[2]
MANDATORY, ADVISORY = 1, 0


@dataclass(frozen=True)
class Violation:
    policy: str
    level: int
    message: str
    urn: str


@dataclass(frozen=True)
class Secret:
    """A value that the engine sends as a secret."""

    value: Any


class Pack:
    """One running pack."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.stub = analyzer_pb2_grpc.AnalyzerStub(channel)

    def info(self) -> Any:
        return self.stub.GetAnalyzerInfo(empty_pb2.Empty())

    def judge(
        self, resources: Sequence[Any], config: Mapping[str, Any] | None = None
    ) -> list[Violation]:
        """The violations of a stack of `resources` under a pack configuration."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for policy in ("unauthenticated-inference", "advice"):
            settings = request.policyConfig[policy]
            settings.enforcementLevel = MANDATORY if policy != "advice" else ADVISORY
            settings.properties.update(config or {})
        self.stub.Configure(request)
        response = self.stub.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))
        return [
            Violation(item.policyName, item.enforcementLevel, item.message, item.urn)
            for item in response.diagnostics
        ]


@contextmanager
def pack(stack: str, config: Mapping[str, str] | None = None) -> Iterator[Pack]:
    """The pack's process for one stack; it ends with the context."""
    environment = {
        **os.environ,
        "PULUMI_PROJECT": "toy",
        "PULUMI_STACK": stack,
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": json.dumps(config or {}),
    }
    folder = ROOT / "policies"
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                grpc.channel_ready_future(channel).result(timeout=30)
                yield Pack(channel)
        finally:
            process.kill()


def resource(obj: Object, token: str = "", parent: str = "", name: str = "") -> Any:
    """`obj` as the engine hands a resource to a pack."""
    group = obj.api_version if "/" in obj.api_version else f"core/{obj.api_version}"
    kind = token or f"kubernetes:{group}:{obj.kind}"
    name = name or obj.name
    return analyzer_pb2.AnalyzerResource(
        type=kind,
        urn=f"urn:pulumi:stack::toy::{kind}::{name}",
        name=name,
        parent=parent,
        properties=properties(obj.body),
    )


def component(kind: str, name: str) -> Any:
    urn = f"urn:pulumi:stack::toy::{kind}::{name}"
    return analyzer_pb2.AnalyzerResource(type=kind, urn=urn, name=name)


def properties(body: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(_wire(body))
    return struct


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return rpc.UNKNOWN
    if isinstance(value, Secret):
        return {rpc._special_sig_key: rpc._special_secret_sig, "value": _wire(value.value)}
    if isinstance(value, Mapping):
        return {key: _wire(item) for key, item in value.items()}
    return [_wire(item) for item in value] if isinstance(value, list) else value
