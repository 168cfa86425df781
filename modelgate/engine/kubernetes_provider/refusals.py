"""What the stand-in does not do, it refuses in words: it never guesses what the plugin would do."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelgate.engine.kubernetes_provider.values import reveal

WAY_OUT = "install Pulumi's own Kubernetes plugin (`pulumi plugin install resource kubernetes`)"

# The official plugin waits until these work, and writes their quantities in canonical form.
NOT_SUPPORTED = frozenset(
    {
        *(
            ("v1", kind)
            for kind in (
                "LimitRange",
                "Node",
                "PersistentVolume",
                "PersistentVolumeClaim",
                "Pod",
                "PodTemplate",
                "ReplicationController",
                "ResourceQuota",
            )
        ),
    }
)
GROUPS_NOT_SUPPORTED = frozenset(
    {"apps", "autoscaling", "batch", "node.k8s.io", "resource.k8s.io", "storage.k8s.io"}
)
WAITED_FOR = frozenset({("v1", "Service"), ("networking.k8s.io/v1", "Ingress")})
SKIP_AWAIT = "pulumi.com/skipAwait"
ANNOTATIONS_UNDERSTOOD = frozenset(
    {
        SKIP_AWAIT,
        "pulumi.com/autonamed",
        "pulumi.com/deletionPropagationPolicy",
        "pulumi.com/patchForce",
    }
)
ARGUMENTS_UNDERSTOOD = frozenset(
    {
        "cluster",
        "clusterIdentifier",
        "context",
        "enableConfigMapMutable",
        "enableSecretMutable",
        "enableServerSideApply",
        "kubeconfig",
        "namespace",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "version",
    }
)


def refuse_type(token: str) -> str:
    """Why resources of this type cannot be managed here; empty when they can."""
    package, _, rest = token.partition(":")
    module, _, kind = rest.rpartition(":")
    if package != "kubernetes":
        return f"{token} belongs to another plugin"
    if module.split("/")[0] in {"helm.sh", "yaml", "kustomize"} or "/" not in module:
        return f"{token} is not one object of the Kubernetes API"
    if kind.endswith(("Patch", "List")):
        return f"{token} changes or lists objects that are declared elsewhere"
    return ""


def refuse_inputs(inputs: Mapping[str, Any]) -> str:
    """Why this object cannot be managed here; empty when it can."""
    api_version, kind = str(inputs.get("apiVersion")), str(inputs.get("kind"))
    group = api_version.rpartition("/")[0]
    if (api_version, kind) in NOT_SUPPORTED or group in GROUPS_NOT_SUPPORTED:
        return f"{api_version} {kind} is a kind that the plugin normalises or waits for"
    metadata = reveal(inputs.get("metadata") or {})
    if metadata.get("generateName"):
        return "metadata.generateName is not supported"
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, Mapping):
        return ""
    unknown = sorted(
        key
        for key in annotations
        if key.startswith("pulumi.com/") and key not in ANNOTATIONS_UNDERSTOOD
    )
    if unknown:
        return f"the annotation {unknown[0]} is not supported"
    if (api_version, kind) in WAITED_FOR and annotations.get(SKIP_AWAIT) != "true":
        return (
            f"the plugin waits until a {kind} works; "
            f"only those annotated {SKIP_AWAIT}: 'true' are supported"
        )
    return ""


def refuse_arguments(arguments: Mapping[str, Any]) -> str:
    """Why a provider with these arguments cannot be had here; empty when it can."""
    unknown = sorted(set(arguments) - ARGUMENTS_UNDERSTOOD)
    if unknown:
        return f"the provider argument {unknown[0]} is not supported"
    if str(arguments.get("enableServerSideApply", "true")).lower() != "true":
        return "enableServerSideApply: false is not supported"
    return ""


def refuse_ignored(ignore_changes: Sequence[str]) -> str:
    """Why a resource with these `ignoreChanges` cannot be managed here; empty when it can."""
    return f"ignoreChanges ({', '.join(ignore_changes)}) is not supported" if ignore_changes else ""


def sentence(reason: str) -> str:
    """`reason` as a person reads it."""
    return f"{reason} by modelgate's stand-in for the Kubernetes plugin; {WAY_OUT}"
