"""Runs a stack's program through the Pulumi engine, always under the policy pack.

The program runs inline (Automation API), so no language plugin is needed. An update is previewed
first, because stack policies of an update speak only after its steps have run: pulumi/pulumi
pkg/resource/deploy/deployment_executor.go.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
from pulumi.automation import CommandError, ConfigValue, LocalWorkspace, Stack
from pulumi.automation.events import EngineEvent

from modelgate.builds import Progress, silent
from modelgate.builds.cache import only_one
from modelgate.engine import locks, program
from modelgate.engine.cli_binary import find_cli
from modelgate.engine.command import CancelledError, EngineCommand
from modelgate.engine.failures import explain, unreachable
from modelgate.engine.objects import Resource, objects, resources
from modelgate.engine.plugins import kubernetes_plugin, policy_variables
from modelgate.engine.project import Project, read_project, read_stack
from modelgate.engine.results import Collector, Outcome, Run, speaks, standing
from modelgate.engine.workspace import FOLDER, Workspace, prepare
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.objects import Object

KUBECONFIG = "KUBECONFIG"
OnEvent = Callable[[EngineEvent], None]


def _quiet(_line: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    `state`: the folder for everything that is kept; default `.modelgate` in the project.
    `kubeconfig`, `context`: which cluster; default KUBECONFIG and its current context.
    `policies`: the pack's folder; default `policies` in the project. `policy_config`: its JSON.
    `say` gets lines for standard error, `progress` what is being built, `on_event` every event.
    """

    state: Path | None = None
    kubeconfig: Path | None = None
    context: str = ""
    policies: Path | None = None
    policy_config: Path | None = None
    say: Callable[[str], None] = _quiet
    progress: Progress = silent
    on_event: OnEvent | None = None


def preview(project: Path, stack: str, options: Options) -> Run:
    """What an update would do; nothing is changed. Raises ModelgateError.

    `deployed` of the Run is what the state holds, however the preview ended.
    """
    with _engine(project, stack, options) as engine:
        run = engine.run("preview")
        return run if run.deployed is not None else replace(run, deployed=engine.deployed())


def up(project: Path, stack: str, options: Options) -> Run:
    """Preview, and where the pack accepts it, update.

    The Run is that of the update, or of the preview where it ended there: `operation` says.
    Raises ModelgateError.
    """
    with _engine(project, stack, options) as engine:
        planned = engine.run("preview")
        if planned.outcome is not Outcome.SUCCEEDED:
            return planned
        problem = unreachable(planned.diagnostics)
        if problem:
            raise ModelgateError(problem, "nothing was changed", exit_code=3)
        return engine.run("up")


def destroy(project: Path, stack: str, options: Options) -> Run:
    """Delete everything the stack's state knows. Raises ModelgateError."""
    with _engine(project, stack, options) as engine:
        return engine.run("destroy")


def refresh(project: Path, stack: str, options: Options) -> Run:
    """Take what the cluster says into the stack's state. Raises ModelgateError."""
    with _engine(project, stack, options) as engine:
        return engine.run("refresh")


@contextlib.contextmanager
def _engine(root: Path, stack: str, options: Options) -> Iterator["_Engine"]:
    """Everything a run needs, for the length of the block."""
    project = read_project(root)
    read_stack(project, stack)
    program.require_main(project)
    pack = options.policies or project.root / "policies"
    if not (pack / "PulumiPolicy.yaml").is_file():
        raise ConfigurationError(
            f"there is no policy pack in {pack}: PulumiPolicy.yaml does not exist",
            "nothing is run without a policy pack",
        )
    state = (options.state or project.root / FOLDER).absolute()
    cli = find_cli(project.required_pulumi_version, options.progress, options.say)
    command = EngineCommand(cli)
    lock = state / "work" / f"{stack.replace('/', '-')}.lock"
    with (
        command.interruptible(options.say),
        only_one(lock, f"it runs stack {stack}", options.progress),
    ):
        workspace = prepare(project, stack, state, options.say)
        workspace.env.update(policy_variables(cli, workspace))
        kubeconfig = _kubeconfig(options)
        if kubeconfig:
            workspace.env[KUBECONFIG] = kubeconfig
        with kubernetes_plugin(cli, workspace, kubeconfig, options.say) as variables:
            workspace.env.update(variables)
            yield _Engine(project, stack, options, workspace, command, pack.resolve())


def _kubeconfig(options: Options) -> str:
    """Absolute, because the command line and the program work in other folders."""
    named = str(options.kubeconfig or os.environ.get(KUBECONFIG, ""))
    return os.pathsep.join(str(Path(part).absolute()) for part in named.split(os.pathsep) if part)


@contextlib.contextmanager
def _same_cluster(variables: Mapping[str, str]) -> Iterator[None]:
    """A program that looks into the cluster sees the one that the engine works on."""
    before = os.environ.get(KUBECONFIG)
    try:
        if KUBECONFIG in variables:
            os.environ[KUBECONFIG] = variables[KUBECONFIG]
        yield
    finally:
        os.environ.pop(KUBECONFIG, None)
        if before is not None:
            os.environ[KUBECONFIG] = before


class _Engine:
    """One stack, ready to run."""

    def __init__(
        self,
        project: Project,
        name: str,
        options: Options,
        workspace: Workspace,
        command: EngineCommand,
        pack: Path,
    ) -> None:
        self._project = project
        self._name = name
        self._options = options
        self._workspace = workspace
        self._command = command
        self._pack = pack
        self._failure: ModelgateError | None = None
        self._secrets: frozenset[str] = frozenset()

    def run(self, operation: str) -> Run:
        """One command, from its first event to its result. Raises ModelgateError."""
        collector, lock, began = Collector(), threading.Lock(), time.monotonic()

        def take(event: EngineEvent) -> None:
            if not speaks(event):
                return
            with lock:
                collector.take(event)
                if self._options.on_event:
                    self._options.on_event(event)

        outcome = Outcome.SUCCEEDED
        self._command.busy = True
        try:
            self._call(operation, take)
        except CancelledError:
            outcome = Outcome.CANCELLED
        except CommandError as error:
            outcome = self._outcome(collector)
            if outcome is Outcome.FAILED:
                self._raise_for(error, collector)
        finally:
            self._command.busy = False
        if operation != "preview" and outcome in {Outcome.FAILED, Outcome.CANCELLED}:
            collector.diagnostics.append(standing(operation, [*collector.changes.values()]))
        whole = operation == "preview" and outcome in {Outcome.SUCCEEDED, Outcome.REJECTED}
        return Run(
            operation=operation,
            stack=self._name,
            outcome=outcome,
            changes=tuple(sorted(collector.changes.values(), key=lambda one: one.urn)),
            violations=tuple(sorted(collector.violations, key=lambda one: (one.policy, one.urn))),
            diagnostics=tuple(collector.diagnostics),
            outputs=collector.outputs,
            seconds=time.monotonic() - began,
            deployed=self._objects(collector.before.values()) if whole else None,
            declared=self._objects(collector.after.values()) if whole else None,
        )

    def deployed(self) -> tuple[Object, ...]:
        """The objects of the stack's last state; its secrets stay encrypted."""
        workspace = self._workspace
        exported = self._command.run(
            ["stack", "export", "--stack", self._name], str(workspace.folder), workspace.env
        )
        return self._objects(resources(json.loads(exported.stdout)))

    def _objects(self, known: Iterable[Resource]) -> tuple[Object, ...]:
        return tuple(objects(known, self._project.stack_file(self._name).name))

    def _call(self, operation: str, take: OnEvent) -> None:
        if self._workspace.store:
            options, command = self._options, self._command
            locks.clear(
                self._workspace.store,
                self._name,
                options.progress,
                options.say,
                lambda: command.interrupts > 0,
            )
        stack = self._stack()
        arguments: dict[str, Any] = {"on_event": take, "color": "never"}
        if operation in {"preview", "up"}:
            arguments["policy_packs"] = [str(self._pack)]
            if self._options.policy_config:
                arguments["policy_pack_configs"] = [str(self._options.policy_config.absolute())]
        if operation != "preview":
            arguments["show_secrets"] = False
        with program.isolated(self._project), _same_cluster(self._workspace.env):
            getattr(stack, operation)(**arguments)

    def _stack(self) -> Stack:
        workspace = LocalWorkspace(
            work_dir=str(self._workspace.folder),
            pulumi_home=str(self._workspace.home),
            program=self._program,
            env_vars=self._workspace.env,
            pulumi_command=self._command,
        )
        try:
            stack = Stack.create_or_select(self._name, workspace)
            if self._options.context:
                stack.set_config("kubernetes:context", ConfigValue(self._options.context))
        except CommandError as error:
            raise explain(str(error), self._name) from error
        return stack

    def _program(self) -> None:
        """The program; what it raises is kept for people, the engine gets one line."""
        config = read_stack(self._project, self._name)
        self._secrets = program.secret_texts(config)
        try:
            program.run_main(self._project)
        except (Exception, SystemExit) as error:
            self._failure = program.describe(
                error, self._project, self._name, config, self._secrets
            )
            raise pulumi.RunError(self._failure.message) from error

    def _outcome(self, collector: Collector) -> Outcome:
        if self._command.interrupts:
            return Outcome.CANCELLED
        mandatory = any(one.level == "mandatory" for one in collector.violations)
        errors = [one for one in collector.diagnostics if one.severity == "error"]
        return Outcome.REJECTED if mandatory and not errors else Outcome.FAILED

    def _raise_for(self, error: CommandError, collector: Collector) -> None:
        """Failures of the program and of the set-up are errors; those of resources are results."""
        if self._failure:
            raise self._failure from error
        if not collector.changes:
            raise explain(str(error), self._name) from error
