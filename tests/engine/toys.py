"""A small program and a small policy pack, which stand for any."""

from collections.abc import Callable
from pathlib import Path

from modelgate.engine.results import Run

Stack = Callable[..., Path]

PROGRAM = """
    import pulumi
    import pulumi_kubernetes as k8s

    config = pulumi.Config()
    name = config.require("namespace")
    own = k8s.core.v1.Namespace("room", metadata={"name": name})
    for number in range(config.get_int("count") or 2):
        k8s.core.v1.ConfigMap(
            f"door-{number}",
            metadata={
                "name": f"door-{number}",
                "namespace": own.metadata.name,
                "labels": {"open": config.get("open") or "no"},
                "finalizers": config.get_object("finalizers"),
            },
            data={"fixed": config.get("fixed") or "yes"},
        )
    k8s.core.v1.Secret(
        "keys",
        metadata={"name": "keys", "namespace": own.metadata.name},
        string_data={"key": pulumi.Output.secret("sk-topsecret")},
    )
    pulumi.export("namespace", own.metadata.name)
    pulumi.export("key", pulumi.Output.secret("sk-topsecret"))
"""
PACK_YAML = "description: toy\nruntime: {name: python}\n"
PACK = """
    from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy

    def closed(args, report):
        for resource in args.resources:
            if not resource.resource_type.endswith(":ConfigMap"):
                continue
            if resource.props["metadata"]["labels"]["open"] == "yes":
                report(f"{resource.name} is open", resource.urn)

    PolicyPack(
        "toy",
        [StackValidationPolicy("closed-door", "Doors are closed.", closed)],
        EnforcementLevel.MANDATORY,
    )
"""


def names(run: Run, operation: str) -> list[str]:
    """The resources to which `operation` happened, sorted."""
    return sorted(change.name for change in run.by_operation().get(operation, []))
