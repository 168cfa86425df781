"""The engine's side of the provider protocol, as small as the tests need it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from modelgate.engine.kubernetes_provider import serve
from modelgate.engine.kubernetes_provider.values import Tree, decode, encode

STACK = "urn:pulumi:dev::toy"


class Client:
    """One configured provider. Trees in, trees out; failures raise grpc.RpcError."""

    def __init__(self, port: int, arguments: Mapping[str, Any]) -> None:
        self.port = port
        own_connection = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", own_connection)
        self.stub: Any = ResourceProviderStub(self.channel)
        self.configured = self.stub.Configure(
            provider_pb2.ConfigureRequest(args=encode(arguments), acceptSecrets=True)
        )

    def check(self, news: Tree, olds: Tree | None = None, token: str = "") -> Any:
        urn, name = self.urn(news, token), "one"
        request = provider_pb2.CheckRequest(
            urn=urn, name=name, news=encode(news), olds=encode(olds or {}), randomSeed=b"seed"
        )
        return self.stub.Check(request)

    def inputs(self, news: Tree, olds: Tree | None = None) -> Tree:
        return decode(self.check(news, olds).inputs)

    def preview(self, news: Tree) -> Tree:
        inputs = self.inputs(news)
        request = provider_pb2.CreateRequest(
            urn=self.urn(news), properties=encode(inputs), preview=True
        )
        return decode(self.stub.Create(request).properties)

    def create(self, news: Tree) -> tuple[str, Tree]:
        inputs = self.inputs(news)
        request = provider_pb2.CreateRequest(urn=self.urn(news), properties=encode(inputs))
        answer = self.stub.Create(request)
        return answer.id, decode(answer.properties)

    def diff(self, state: Tree, news: Tree, ignore: tuple[str, ...] = ()) -> Any:
        inputs = self.inputs(news, state["__inputs"])
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id="x",
                urn=self.urn(news),
                olds=encode(state),
                old_inputs=encode(state["__inputs"]),
                news=encode(inputs),
                ignoreChanges=ignore,
            )
        )

    def update(self, state: Tree, news: Tree, *, preview: bool = False) -> Tree:
        inputs = self.inputs(news, state["__inputs"])
        request = provider_pb2.UpdateRequest(
            id="x", urn=self.urn(news), olds=encode(state), news=encode(inputs), preview=preview
        )
        return decode(self.stub.Update(request).properties)

    def read(self, state: Tree, identifier: str) -> Any:
        request = provider_pb2.ReadRequest(
            id=identifier, urn=self.urn(state), properties=encode(state)
        )
        return self.stub.Read(request)

    def delete(self, state: Tree, seconds: float = 30) -> None:
        request = provider_pb2.DeleteRequest(
            id="x", urn=self.urn(state), properties=encode(state), timeout=seconds
        )
        self.stub.Delete(request)

    def urn(self, tree: Tree, token: str = "") -> str:
        version = str(tree.get("apiVersion"))
        module = version if "/" in version else f"core/{version}"
        token = token or f"kubernetes:{module}:{tree.get('kind')}"
        return f"{STACK}::{token}::one"


@contextmanager
def provider(kubeconfig: str, owner: str = "tests", **arguments: Any) -> Iterator[Client]:
    with serve(owner) as port:
        client = Client(port, {"kubeconfig": kubeconfig, **arguments})
        yield client
        client.channel.close()
