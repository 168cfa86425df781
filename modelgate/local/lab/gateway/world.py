"""The live objects that decide what a gateway's Envoy does, as they are stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Body = Mapping[str, Any]
Config = dict[str, Any]

GATEWAY_API: Final = "gateway.networking.k8s.io"
INFERENCE: Final = "inference.networking.k8s.io"


class NotUnderstoodError(Exception):
    """Something that this translator does not know; it never guesses what a gateway makes of it."""


@dataclass(frozen=True)
class World:
    """`objects` by kind; `files` are what a gateway's pod would find at a path (PEM by path)."""

    objects: Mapping[str, Sequence[Body]]
    files: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> Sequence[Body]:
        return self.objects.get(kind, ())

    def find(self, kind: str, namespace: str, name: str) -> Body | None:
        for body in self.of(kind):
            metadata = body["metadata"]
            if metadata["name"] == name and metadata.get("namespace", "") == namespace:
                return body
        return None

    def labels_of_namespace(self, name: str) -> Mapping[str, str]:
        """With the label that every API server gives a Namespace."""
        found = self.find("Namespace", "", name)
        own = found["metadata"].get("labels", {}) if found else {}
        return {"kubernetes.io/metadata.name": name, **own}

    def allows(self, kind: str, namespace: str, target: str, place: str, name: str) -> bool:
        """Whether a `kind` of `namespace` may refer to `target` `place`/`name`.

        `target` is the kind with its group, `Service`, `Secret` or `InferencePool.<group>`.
        """
        return namespace == place or any(
            _grants(grant["spec"], kind, namespace, target, name)
            for grant in self.of("ReferenceGrant")
            if grant["metadata"]["namespace"] == place
        )

    def ready_pods(self, namespace: str, selector: Mapping[str, str]) -> Iterator[Body]:
        """Those that carry all labels of `selector` and have an address; none for no selector."""
        for pod in self.of("Pod"):
            metadata, status = pod["metadata"], pod.get("status", {})
            labels = metadata.get("labels", {})
            if (
                selector
                and metadata["namespace"] == namespace
                and all(labels.get(key) == value for key, value in selector.items())
                and status.get("podIP")
                and "deletionTimestamp" not in metadata
                and _ready(status)
            ):
                yield pod


def name_of(body: Body) -> str:
    """`namespace/name`."""
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"


def selects(selector: Body, labels: Mapping[str, str]) -> bool:
    """A LabelSelector of Kubernetes. Raises NotUnderstoodError for an operator it does not know."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(each, labels) for each in selector.get("matchExpressions", ())
    )


def _holds(expression: Body, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise NotUnderstoodError(f"operator {other} of a label selector")


def _grants(spec: Body, kind: str, namespace: str, target: str, name: str) -> bool:
    giver = {"group": GATEWAY_API, "kind": kind, "namespace": namespace}
    target_kind, _, group = target.partition(".")
    return any(
        all(each.get(key, "") == value for key, value in giver.items()) for each in spec["from"]
    ) and any(
        each.get("group", "") == group
        and each["kind"] == target_kind
        and each.get("name", name) == name
        for each in spec["to"]
    )


def _ready(status: Body) -> bool:
    return any(
        each["type"] == "Ready" and each["status"] == "True"
        for each in status.get("conditions", ())
    )
