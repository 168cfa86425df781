"""What a run of the engine came to: plain values, read from its events, never from its text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modelgate.engine.objects import STACK_TYPE, Resource, body
from modelgate.engine.properties import SIGNATURE, UNKNOWNS
from modelgate.topology.objects import UNKNOWN, Object

if TYPE_CHECKING:  # what a run came to is read without Pulumi
    from pulumi.automation.events import EngineEvent, StepEventMetadata, StepEventStateMetadata

PROVIDERS = "pulumi:providers:"
SECRET = "[secret]"
_MARKUP = re.compile(r"<\{%.*?%\}>")
_TRACEBACK = "python inline source runtime error: "
_ONLY_THAT_IT_FAILED = re.compile(r"(preview|update|refresh|destroy) failed")


class Outcome(StrEnum):
    """How a run ended. REJECTED: by the policy pack, before anything was changed."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens, or happened, to one resource.

    `operation` is Pulumi's word: create, update, replace, delete, same, refresh, read, import.
    `properties` are the paths that differ. `done` is False for what was planned only. `before` and
    `after` are its inputs, UNKNOWN where they are secret or not yet known; None where there are
    none. `deleted_first`: the old resource of a replacement goes before the new one comes. `custom`
    is False for a component, which is only a name for what it holds.
    """

    urn: str
    type: str
    name: str
    operation: str
    properties: tuple[str, ...] = ()
    done: bool = False
    before: Mapping[str, Any] | None = field(default=None, repr=False)
    after: Mapping[str, Any] | None = field(default=None, repr=False)
    deleted_first: bool = False
    custom: bool = True


@dataclass(frozen=True, slots=True)
class Violation:
    """One word of the policy pack. `level` is mandatory or advisory."""

    policy: str
    pack: str
    level: str
    urn: str
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message of the engine, a plugin or the program. `severity` is error, warning or info."""

    severity: str
    message: str
    urn: str = ""


QUIET = frozenset({"same", "read", "refresh"})


def standing(operation: str, changes: Sequence[Change]) -> Diagnostic:
    """Where an operation that was cut short has left the stack."""
    real = [change for change in changes if change.operation not in QUIET]
    done = sum(change.done for change in real)
    return Diagnostic(
        "warning",
        f"{operation} did not end: {done} of {len(real)} changes that it began are made, and the "
        "state knows them; nothing is locked; run it again to go on",
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One operation on one stack: preview, up, refresh or destroy.

    `outputs` are the stack's: UNKNOWN before they are known, `[secret]` where they are secret.
    `deployed` are the objects of the stack's last state, `declared` those of the program; None
    where the run was not a preview, or did not come to the end of the program.
    """

    operation: str
    stack: str
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    violations: tuple[Violation, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    deployed: tuple[Object, ...] | None = None
    declared: tuple[Object, ...] | None = None

    def by_operation(self) -> dict[str, list[Change]]:
        """The changes under Pulumi's word for each."""
        groups: dict[str, list[Change]] = {}
        for change in self.changes:
            groups.setdefault(change.operation, []).append(change)
        return groups

    @property
    def unchanged(self) -> bool:
        """Nothing to do, or nothing done."""
        return all(change.operation in QUIET for change in self.changes)


def speaks(event: "EngineEvent") -> bool:
    """False for what the SDK says to its debugger: property values, secrets in plain text too."""
    diagnostic = event.diagnostic_event
    return diagnostic is None or not (diagnostic.ephemeral or diagnostic.severity == "debug")


@dataclass(slots=True)
class Collector:
    """Takes in the events of one run; to be called from one thread at a time."""

    changes: dict[str, Change] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Resource] = field(default_factory=dict)
    after: dict[str, Resource] = field(default_factory=dict)

    def take(self, event: "EngineEvent") -> None:
        """Keep what matters of `event`."""
        if event.resource_pre_event:
            self._step(event.resource_pre_event.metadata, done=False)
        elif event.res_outputs_event:
            planned = bool(event.res_outputs_event.planning)
            self._step(event.res_outputs_event.metadata, done=not planned)
        elif event.policy_event:
            word = event.policy_event
            self.violations.append(
                Violation(
                    policy=word.policy_name,
                    pack=word.policy_pack_name,
                    level=word.enforcement_level,
                    urn=word.resource_urn or "",
                    message=_text(word.message),
                )
            )
        elif event.diagnostic_event and speaks(event):
            diagnostic = event.diagnostic_event
            severity = diagnostic.severity.partition("#")[0]
            self._say(Diagnostic(severity, _text(diagnostic.message), diagnostic.urn or ""))

    def _say(self, diagnostic: Diagnostic) -> None:
        empty = not diagnostic.message or _ONLY_THAT_IT_FAILED.fullmatch(diagnostic.message)
        if not empty and diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def _step(self, step: "StepEventMetadata", *, done: bool) -> None:
        if step.type == STACK_TYPE and step.new and step.new.outputs is not None:
            self.outputs = {key: _shown(value) for key, value in step.new.outputs.items()}
        operation = _operation(step)
        if not operation:
            return
        if step.old and operation != "read":
            self.before[step.urn] = _resource(step.old)
        if step.new and operation not in {"read", "delete"}:
            self.after[step.urn] = _resource(step.new)
        if step.type != STACK_TYPE and not step.type.startswith(PROVIDERS):
            self.changes[step.urn] = self._change(step, operation, done)

    def _change(self, step: "StepEventMetadata", operation: str, done: bool) -> Change:
        known = self.changes.get(step.urn)
        first = known.deleted_first if known else step.op.value == "delete-replaced"
        paths = tuple(sorted(step.detailed_diff or ())) or (known.properties if known else ())
        old, new = self.before.get(step.urn), self.after.get(step.urn)
        return Change(
            urn=step.urn,
            type=step.type,
            name=step.urn.rpartition("::")[2],
            operation="replace" if known and known.operation == "replace" else operation,
            properties=paths,
            done=done,
            before=body(old) if old and operation not in QUIET else None,
            after=body(new) if new and operation not in QUIET else None,
            deleted_first=first,
            custom=any(state.custom for state in (step.old, step.new) if state),
        )


def _resource(state: "StepEventStateMetadata") -> Resource:
    return Resource(state.urn, state.type, state.parent or "", state.inputs or {})


def _operation(step: "StepEventMetadata") -> str:
    """Pulumi's many steps of a replacement are one `replace`."""
    word = step.op.value
    if "replace" in word:
        return "replace"
    return "" if word.startswith("discard") else word


def _shown(value: Any) -> Any:
    """An output as people may see it."""
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return SECRET
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWNS else value


def _text(message: str) -> str:
    """Without colour marks, and without a traceback: its first line says it."""
    text = _MARKUP.sub("", message).strip()
    if text.startswith(_TRACEBACK):
        return text.removeprefix(_TRACEBACK).partition("\nTraceback")[0].strip()
    return text
