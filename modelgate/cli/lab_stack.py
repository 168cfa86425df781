"""A lab has what a stack refers to and does not declare: namespaces, certificates, one API key.

The key's value stands in one file that only its owner reads, and is never printed.
"""

import json
import secrets
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelgate.cli.lab_request import KEY, STATE
from modelgate.cli.platform import missing_namespaces
from modelgate.config import KEY as PLATFORM
from modelgate.config import StackConfig, load
from modelgate.config.gateway import TIER_ANNOTATION, USER_ANNOTATION
from modelgate.engine.in_process import evaluate
from modelgate.local.api import Api
from modelgate.local.lab import NAMESPACE, PROFILE
from modelgate.local.lab.certificates import self_signed
from modelgate.local.state import write_private
from modelgate.topology.objects import Object
from modelgate.topology.values import items, labels, mapping, text

_FILTERED: Final = {"authorino.kuadrant.io/managed-by": "authorino"}
"""Authorino hears of no other Secrets (Kuadrant/authorino, docs/features.md)."""


@dataclass(frozen=True)
class LabStack:
    """A stack that is to be deployed on a lab, and its settings where it is one of modelgate's."""

    project: Path
    name: str
    objects: tuple[Object, ...]
    settings: StackConfig | None

    @classmethod
    def read(cls, project: Path, name: str) -> "LabStack":
        """Raises ModelgateError where there is no such stack, or its program fails."""
        evaluation = evaluate(project, name)
        raw = evaluation.config.get(PLATFORM)
        settings = load(raw, name, f"Pulumi.{name}.yaml") if raw else None
        return cls(project, name, evaluation.objects, settings)

    @property
    def model_tls(self) -> bool:
        """Whether KServe has models speak TLS: as the stack says, and where nothing says it."""
        return self.settings is None or (
            self.settings.model_tls or not self.settings.release_profile.upstream
        )

    def notes(self) -> Iterator[str]:
        """What is otherwise in the lab than the stack says."""
        if self.settings and self.settings.release_profile.crd_profile != PROFILE:
            version, title = PROFILE.removeprefix("kserve-"), self.settings.release_profile.title
            yield f"the lab runs KServe {version}, and stack {self.name} is for {title}"

    def furnish(self, kubeconfig: Path) -> None:
        """Make what is missing; what is there stays. Raises ModelgateError."""
        api = Api(kubeconfig)
        for name in missing_namespaces(self.objects):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        declared = {(one.namespace, one.name) for one in self.objects if one.kind == "Secret"}
        for (namespace, name), hostname in self._certificates().items():
            if (namespace, name) not in declared:
                made = self_signed(hostname)
                data = {"tls.crt": made.certificate, "tls.key": made.key}
                api.create(_secret(namespace, name, data, "kubernetes.io/tls"))
        found_by = self._key_labels()
        if found_by:
            api.create(self._key(found_by))

    def next_commands(self) -> Iterator[str]:
        """What to enter to deploy the stack and to ask a model.

        Pulumi keeps what it deployed to an earlier lab in mind, and this one begins empty.
        """
        yield f"pulumi up --refresh --stack {self.name} --policy-pack policies"
        for model in self.settings.models[:1] if self.settings else ():
            said = [{"role": "user", "content": "Hello"}]
            body = json.dumps({"model": model.served_as, "messages": said})
            path = f"{model.path}/v1/chat/completions"
            yield f"modelgate lab request POST {path} --key -d {shlex.quote(body)}"

    def _certificates(self) -> dict[tuple[str, str], str]:
        """A hostname for each certificate that a listener names."""
        default = self.settings.gateway.hostname if self.settings else "localhost"
        return {
            (text(one.get("namespace")) or gateway.namespace, text(one.get("name"))): (
                text(listener.get("hostname")) or default
            )
            for gateway in self.objects
            if gateway.kind == "Gateway"
            for listener in map(mapping, items(gateway.spec.get("listeners")))
            for one in map(mapping, items(mapping(listener.get("tls")).get("certificateRefs")))
        }

    def _key_labels(self) -> dict[str, str]:
        """The labels by which AuthPolicies of the stack find API keys."""
        found: dict[str, str] = {}
        for policy in self.objects:
            if policy.kind != "AuthPolicy":
                continue
            spec = policy.spec
            for part in map(mapping, (spec, spec.get("defaults"), spec.get("overrides"))):
                rules = mapping(mapping(part.get("rules")).get("authentication"))
                for rule in map(mapping, rules.values()):
                    selector = mapping(mapping(rule.get("apiKey")).get("selector"))
                    found |= labels(selector.get("matchLabels"))
        return found

    def _key(self, found_by: Mapping[str, str]) -> dict[str, Any]:
        path = self.project / STATE / KEY
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        secret = _secret(NAMESPACE, "modelgate-lab-key", {"api_key": path.read_text()})
        annotations = {USER_ANNOTATION: "lab"}
        if self.settings:
            annotations[TIER_ANNOTATION] = self.settings.gateway.tiers[0].name
        secret["metadata"] |= {"labels": {**_FILTERED, **found_by}, "annotations": annotations}
        return secret


def _secret(
    namespace: str, name: str, data: Mapping[str, str], kind: str = "Opaque"
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "type": kind,
        "stringData": dict(data),
    }
