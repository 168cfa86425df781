"""What a stack declares, without the Pulumi CLI and without a cluster: the program under a monitor
that records every registration and answers as the engine does at preview.

Nothing is silently left out: what the program makes where nobody can look is an error.
"""

import asyncio
import contextvars
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import run_in_stack
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pulumi.runtime.proto.engine_pb2_grpc import EngineServicer
from pulumi.runtime.settings import Settings, configure
from typing_extensions import override

from modelgate.engine import program, properties
from modelgate.engine.objects import SECRET_FIELDS, STACK_TYPE, is_secret, kubernetes_object
from modelgate.engine.project import Project, StackConfig, read_project, read_stack
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.objects import Object


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one stack declares.

    `objects` in order of registration; `outputs` and `config` are plain data, UNKNOWN where the
    value is a secret or only known after an update. `messages` is what the program logged.
    """

    objects: tuple[Object, ...]
    outputs: Mapping[str, Any]
    stack: str
    project: str
    config: Mapping[str, Any]
    messages: tuple[str, ...] = ()


def evaluate(project: Path, stack: str) -> Evaluation:
    """Run the program in `project` for `stack` and return what it declares.

    Raises ModelgateError: no such stack, bad configuration, a failing program, objects out of view.
    """
    settings = read_project(project)
    config = read_stack(settings, stack)
    program.require_main(settings)
    if config.elsewhere:
        raise ConfigurationError(
            f"{settings.stack_file(stack)}: `environment` takes configuration from Pulumi ESC, "
            "which is not in view here",
            "write the values into this file, or run `pulumi preview --policy-pack policies`",
            exit_code=3,
        )
    recorder = Recorder(settings, stack, config.seal)
    try:
        with program.isolated(settings):
            contextvars.Context().run(_run, settings, stack, config, recorder)
    except (Exception, SystemExit) as error:
        raise program.describe(error, settings, stack, config, {config.seal}) from error
    return Evaluation(
        objects=tuple(recorder.objects),
        outputs=recorder.outputs,
        stack=stack,
        project=settings.name,
        config=config.values,
        messages=tuple(recorder.messages),
    )


def _run(project: Project, stack: str, config: StackConfig, recorder: "Recorder") -> None:
    """Run the program to the end, every registration and every `apply` included."""
    pulumi_config.set_all_config(dict(config.program), sorted(config.secret_keys))
    configure(
        Settings(
            project=project.name,
            stack=stack.rpartition("/")[2],
            monitor=recorder,
            engine=_Log(recorder.messages),
            dry_run=True,
            organization="organization",
            root_directory=str(project.root),
        )
    )
    loop = asyncio.new_event_loop()
    # The first failure is raised; those of everything that depended on it would be logged.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))  # registrations keep their order
    try:
        loop.run_until_complete(run_in_stack(lambda: program.run_main(project)))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class _Log(EngineServicer):
    """The engine as a program sees it: a place for log messages."""

    def __init__(self, messages: list[str]) -> None:
        self._messages = messages

    @override
    def Log(self, request: engine_pb2.LogRequest, context: Any = None) -> Empty:
        if request.severity != engine_pb2.DEBUG:
            self._messages.append(request.message)
        return Empty()


class _NoAnswers(Mocks):
    """There is no provider to ask."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise ModelgateError(
            f"the program calls the function {args.token}, which only the engine can answer",
            "run `pulumi preview --policy-pack policies`, or give the value in the configuration",
        )

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return "", dict(args.inputs)


class Recorder(MockMonitor):
    """Keeps what is registered; answers with the inputs and without an id, as a preview does."""

    def __init__(self, project: Project, stack: str, seal: str) -> None:
        super().__init__(_NoAnswers())
        self.objects: list[Object] = []
        self.outputs: dict[str, Any] = {}
        self.messages: list[str] = []
        self._seal = seal
        self._file = project.stack_file(stack).name
        self._paths: dict[str, tuple[str, ...]] = {}

    @override
    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type != STACK_TYPE:
            label = f"{request.type} {request.name}"
            _refuse_out_of_view(request, label)
            parents = self._paths.get(request.parent, ())
            self._paths[urn] = (*parents, label)
            if request.type.startswith("kubernetes:") and request.custom:
                self.objects.append(self._object(request, parents or (label,)))
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    @override
    def ReadResource(
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)

    @override
    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> Empty:
        if request.urn.split("::")[2:3] == [STACK_TYPE]:
            self.outputs = properties.plain(request.outputs, self._seal)
        return Empty()

    def _object(
        self, request: resource_pb2.RegisterResourceRequest, path: tuple[str, ...]
    ) -> Object:
        body = properties.plain(request.object, self._seal)
        if is_secret(request.type, body):  # its keys are known even where all of it is secret
            fields = request.object.fields
            body |= {key: properties.keys_only(fields[key]) for key in SECRET_FIELDS & body.keys()}
        source = f"{' / '.join(path)} ({self._file})"
        return kubernetes_object(request.type, request.name, body, source)


def _refuse_out_of_view(request: resource_pb2.RegisterResourceRequest, label: str) -> None:
    """Resources whose objects come into being inside a plugin, or on top of objects elsewhere."""
    package, _, rest = request.type.partition(":")
    kind = rest.rpartition(":")[2]
    inside_plugin = request.remote or (package == "kubernetes" and "helm" in rest)
    if inside_plugin:
        raise ModelgateError(
            f"{label} makes its objects inside a plugin, so they are not in view",
            "render them and declare them one by one, or judge them with `modelgate check -f`",
        )
    if package == "kubernetes" and kind.endswith(("Patch", "List")):
        raise ModelgateError(
            f"{label} changes or lists objects that are declared elsewhere and not in view",
            "declare the whole object in this stack",
        )
