"""The provider protocol, served inside the calling process: nothing is installed anywhere.

Protocol: pulumi/pulumi proto/pulumi/provider.proto. The engine attaches by PULUMI_DEBUG_PROVIDERS;
every provider resource of a program has a connection, and so a configuration, of its own.
"""

import contextlib
import importlib.metadata
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)
from typing_extensions import override

from modelgate.engine.kubernetes_provider import refusals
from modelgate.engine.kubernetes_provider.cluster import (
    Cluster,
    RefusedError,
    Settings,
    UnreachableError,
)
from modelgate.engine.kubernetes_provider.differences import Difference, difference, pruned
from modelgate.engine.kubernetes_provider.inputs import checked, declared, proposed_name
from modelgate.engine.kubernetes_provider.lifecycle import FailedError, Lifecycle
from modelgate.engine.kubernetes_provider.objects import INPUTS, MANAGER, Target, external, state
from modelgate.engine.kubernetes_provider.values import (
    Tree,
    decode,
    encode,
    mark_like,
    reveal,
    scrub,
)

MAX_MESSAGE = 400 * 1024 * 1024  # as the engine allows
KINDS = {"add": "ADD", "update": "UPDATE", "delete": "DELETE"}


def version() -> str:
    """The version of the official plugin that the installed SDK asks for."""
    return importlib.metadata.version("pulumi-kubernetes")


@contextlib.contextmanager
def serve(owner: str, kubeconfig: str = "") -> Iterator[int]:
    """Serve on a free loopback port, which is yielded, until the block ends.

    `owner` is a text that only runs with the same state share. `kubeconfig` is for providers that
    are given none; empty: KUBECONFIG.
    """
    provider = KubernetesProvider(owner, kubeconfig)
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE),
        ("grpc.max_send_message_length", MAX_MESSAGE),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=options)
    add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        provider.cancelled.set()
        server.stop(grace=1).wait()


class _Configured:
    """One provider resource: its cluster and what may change in place."""

    def __init__(self, arguments: Mapping[str, Any], owner: Lifecycle, cluster: Cluster) -> None:
        self.cluster = cluster
        self.lifecycle = owner
        self.mutable = frozenset(
            kind
            for kind in ("ConfigMap", "Secret")
            if str(arguments.get(f"enable{kind}Mutable", "")).lower() == "true"
        )


class KubernetesProvider(ResourceProviderServicer):
    """Every method of the protocol that the engine calls for plain Kubernetes objects."""

    def __init__(self, owner: str, kubeconfig: str) -> None:
        self.cancelled = threading.Event()
        self._kubeconfig = kubeconfig
        self._owner = owner
        self._configured: dict[str, _Configured] = {}
        self._engine: engine_pb2_grpc.EngineStub | None = None
        self._said: set[str] = set()

    @override
    def Handshake(self, request: provider_pb2.ProviderHandshakeRequest, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: Any) -> Empty:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(request.address))
        # A preview ends with Cancel, and the update after it attaches to the same provider.
        self.cancelled.clear()
        return Empty()

    @override
    def GetPluginInfo(self, request: Empty, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version())

    @override
    def Cancel(self, request: Empty, context: Any) -> Empty:
        self.cancelled.set()
        return Empty()

    @override
    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Any) -> Any:
        reason = refusals.refuse_arguments(decode(request.news))
        if reason:
            failure = provider_pb2.CheckFailure(reason=refusals.sentence(reason))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        return provider_pb2.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Any) -> Any:
        olds, news = reveal(decode(request.olds)), reveal(decode(request.news))
        changed = [
            key for key in sorted(olds.keys() | news.keys()) if olds.get(key) != news.get(key)
        ]
        moved = [key for key in changed if key in ("kubeconfig", "context", "cluster", "namespace")]
        same = olds.get("clusterIdentifier") and not {"clusterIdentifier", "namespace"} & set(
            changed
        )
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if changed else none, diffs=changed, replaces=[] if same else moved
        )

    @override
    def Configure(self, request: provider_pb2.ConfigureRequest, context: Any) -> Any:
        arguments = reveal(decode(request.args))
        settings = Settings(
            kubeconfig=_kubeconfig(arguments.get("kubeconfig")) or self._kubeconfig,
            context=str(arguments.get("context") or ""),
            namespace=str(arguments.get("namespace") or ""),
        )
        cluster = Cluster(settings)
        lifecycle = Lifecycle(cluster, self._owner, self.cancelled, self._warn)
        self._configured[context.peer()] = _Configured(arguments, lifecycle, cluster)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @override
    def Check(self, request: provider_pb2.CheckRequest, context: Any) -> Any:
        news, olds = decode(request.news), decode(request.olds)
        reason = refusals.refuse_type(_type(request.urn)) or refusals.refuse_inputs(news)
        if reason:
            failure = provider_pb2.CheckFailure(reason=refusals.sentence(reason))
            return provider_pb2.CheckResponse(inputs=request.news, failures=[failure])
        name = request.autonaming.proposed_name or proposed_name(request.name, request.randomSeed)
        result = checked(news, olds, name, self._of(context).cluster)
        return provider_pb2.CheckResponse(inputs=encode(result))

    @override
    def Diff(self, request: provider_pb2.DiffRequest, context: Any) -> Any:
        reason = refusals.refuse_ignored(request.ignoreChanges)
        if reason:
            self._fail(context, refusals.sentence(reason))
        old, news = decode(request.olds), decode(request.news)
        inputs = old.get(INPUTS) or decode(request.old_inputs)
        found = difference(external(old), reveal(inputs), news, self._of(context).mutable)
        return _diff_response(found)

    @override
    def Create(self, request: provider_pb2.CreateRequest, context: Any) -> Any:
        inputs, lifecycle = decode(request.properties), self._of(context).lifecycle
        with self._reporting(context, inputs):
            if request.preview:
                found = lifecycle.preview_create(request.urn, inputs)
                return provider_pb2.CreateResponse(properties=encode(found))
            name, found = lifecycle.create(request.urn, inputs)
        return provider_pb2.CreateResponse(id=name, properties=encode(found))

    @override
    def Update(self, request: provider_pb2.UpdateRequest, context: Any) -> Any:
        reason = refusals.refuse_ignored(request.ignoreChanges)
        if reason:
            self._fail(context, refusals.sentence(reason))
        old, inputs = decode(request.olds), decode(request.news)
        lifecycle = self._of(context).lifecycle
        with self._reporting(context, inputs, old):
            update = lifecycle.preview_update if request.preview else lifecycle.update
            found = update(old, inputs)
        return provider_pb2.UpdateResponse(properties=encode(found))

    @override
    def Read(self, request: provider_pb2.ReadRequest, context: Any) -> Any:
        token = _type(request.urn)
        reason = refusals.refuse_type(token)
        if reason:
            self._fail(context, refusals.sentence(reason))
        old, inputs = decode(request.properties), decode(request.inputs)
        lifecycle = self._of(context).lifecycle
        with self._reporting(context, inputs, old):
            live = lifecycle.read(Target.named(token, request.id))
        if live is None:
            return provider_pb2.ReadResponse()
        kept = old.get(INPUTS) or inputs
        now = mark_like(pruned(live, reveal(kept)), kept) if kept else declared(live)
        found = state(live, now, str(old.get(MANAGER) or lifecycle.manager(request.urn)))
        return provider_pb2.ReadResponse(
            id=request.id, properties=encode(found), inputs=encode(now)
        )

    @override
    def Delete(self, request: provider_pb2.DeleteRequest, context: Any) -> Empty:
        old = decode(request.properties)
        with self._reporting(context, old):
            self._of(context).lifecycle.delete(old, request.timeout)
        return Empty()

    @override
    def Invoke(self, request: provider_pb2.InvokeRequest, context: Any) -> Any:
        self._fail(context, refusals.sentence(f"the function {request.tok} is not supported"))

    @override
    def Call(self, request: provider_pb2.CallRequest, context: Any) -> Any:
        self._fail(context, refusals.sentence(f"the method {request.tok} is not supported"))

    @override
    def Construct(self, request: provider_pb2.ConstructRequest, context: Any) -> Any:
        self._fail(context, refusals.sentence(f"the component {request.type} is not supported"))

    def _of(self, context: Any) -> _Configured:
        """The configuration that came over this connection."""
        configured = self._configured.get(context.peer())
        if configured is None:
            self._fail(context, "the connection of a Kubernetes provider was lost; run it again")
        return configured

    def _warn(self, message: str) -> None:
        if self._engine is not None and message not in self._said:
            self._said.add(message)
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message))

    @contextlib.contextmanager
    def _reporting(self, context: Any, *trees: Tree) -> Iterator[None]:
        """Failures as the engine shows them, without any secret."""
        try:
            yield
        except UnreachableError as error:
            self._fail(context, f"the cluster cannot be reached: {error}")
        except (FailedError, RefusedError) as error:
            self._fail(context, scrub(str(error), *trees))

    def _fail(self, context: Any, message: str) -> NoReturn:
        # Any other code means to the engine that the operation may have happened after all.
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        raise AssertionError(message)


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _kubeconfig(value: Any) -> str:
    if isinstance(value, dict):
        return yaml.safe_dump(value)
    return str(value or "")


def _diff_response(found: Difference) -> provider_pb2.DiffResponse:
    detailed = {}
    for change in found.changes:
        suffix = "_REPLACE" if change.replaces else ""
        kind = provider_pb2.PropertyDiff.Kind.Value(KINDS[change.kind] + suffix)
        detailed[change.text] = provider_pb2.PropertyDiff(kind=kind)
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if found.changes else none,
        replaces=[change.text for change in found.changes if change.replaces],
        diffs=sorted({str(change.path[0]) for change in found.changes}),
        deleteBeforeReplace=found.delete_before_replace,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )
