"""From a manifest to a registered resource, under its component, in a stated order."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.manifests.objects import Manifest


class Component(pulumi.ComponentResource):
    """A component whose children are named after the objects they declare: `namespace/name`.

    What the component itself depends on, every child depends on.
    """

    def __init__(
        self, kind: str, name: str, opts: pulumi.ResourceOptions | None, props: Mapping[str, Any]
    ) -> None:
        super().__init__(f"modelgate:index:{kind}", name, dict(props), opts)
        self._after = _resources(opts)

    def declare(
        self,
        manifest: Manifest,
        after: Sequence[pulumi.Resource] = (),
        string_data: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> pulumi.CustomResource:
        """Register `manifest` as a child; it is made after, and removed before, those in `after`.

        `string_data` holds the values of a Secret and stays secret.
        """
        metadata = manifest["metadata"]
        name = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
        opts = pulumi.ResourceOptions(parent=self, depends_on=[*self._after, *after])
        match manifest["apiVersion"], manifest["kind"]:
            case "v1", "Namespace":
                return k8s.core.v1.Namespace(name, metadata=metadata, opts=opts)
            case "v1", "Secret":
                return k8s.core.v1.Secret(
                    name,
                    metadata=metadata,
                    type=manifest["type"],
                    string_data=string_data,
                    opts=opts,
                )
            case "networking.k8s.io/v1", "NetworkPolicy":
                return k8s.networking.v1.NetworkPolicy(
                    name, metadata=metadata, spec=manifest["spec"], opts=opts
                )
        return k8s.apiextensions.CustomResource(
            name,
            api_version=manifest["apiVersion"],
            kind=manifest["kind"],
            metadata=metadata,
            spec=manifest["spec"],
            opts=opts,
        )


def _resources(opts: pulumi.ResourceOptions | None) -> list[pulumi.Input[pulumi.Resource]]:
    depends_on = opts.depends_on if opts else None
    if depends_on is None:
        return []
    if isinstance(depends_on, pulumi.Resource):
        return [depends_on]
    if isinstance(depends_on, Sequence):
        return list(depends_on)
    raise TypeError("depends_on takes a resource or a list of resources here")
