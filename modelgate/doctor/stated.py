"""Versions come from where a cluster states them, never from a guess; else they are unstated.

Gateway API writes its version on its CRDs, OLM into names of ClusterServiceVersions, OpenShift into
its ClusterVersion, Istio's chart on istiod's labels, upstream builds into their image tags.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from modelgate.doctor.kinds import (
    DEFINITION,
    DEPLOYMENT,
    GATEWAY_CLASS,
    ISTIO,
    ISTIO_REVISION,
    OPENSHIFT,
    OPERATOR,
    Kind,
)
from modelgate.topology.objects import Object
from modelgate.topology.values import labels, mapping, mappings, text

_BUNDLE: Final = "gateway.networking.k8s.io/bundle-version"
_OPERATORS: Final = {
    "kuadrant-operator": "kuadrant",
    "rhcl-operator": "rhcl",
    "rhods-operator": "openshift-ai",
}
_IMAGES: Final = {
    "authorino": "authorino",
    "kuadrant-operator": "kuadrant",
    "llmisvc-controller": "kserve",
    "pilot": "istio",
}
"""Last part of an image's name to the component whose version is its tag."""

_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+|-latest)?)")
_INSTALLED: Final = re.compile(r"istiod v?(\d+\.\d+\.\d+) installed")


@dataclass(frozen=True, slots=True)
class Stated:
    """A component's version and the object that states it (`Kind ns/name`)."""

    version: str
    where: str


Objects = Mapping[Kind, Sequence[Object]]


def find(objects: Objects) -> dict[str, Stated]:
    """Component to version; the first place that states one counts."""
    found: dict[str, Stated] = {}
    for component, version, obj in _all(objects):
        if match := _VERSION.match(version):
            found.setdefault(component, Stated(match[1], obj.ref))
    return found


Found = Iterator[tuple[str, str, Object]]


def _all(objects: Objects) -> Found:
    for definition in objects.get(DEFINITION, ()):
        if definition.name == "httproutes.gateway.networking.k8s.io":
            notes = labels(definition.metadata.get("annotations"))
            yield "gateway-api", notes.get(_BUNDLE, ""), definition
    for version in objects.get(OPENSHIFT, ()):
        desired = mapping(mapping(version.body.get("status")).get("desired"))
        yield "openshift", text(desired.get("version")), version
    for operator in objects.get(OPERATOR, ()):
        name, _, release = operator.name.partition(".")
        if component := _OPERATORS.get(name):
            yield component, release, operator
    yield from _istio(objects)
    for deployment in objects.get(DEPLOYMENT, ()):
        for name, tag in _images(deployment):
            if component := _IMAGES.get(name):
                yield component, tag, deployment


def _istio(objects: Objects) -> Found:
    """istiod's own labels first: an Istio resource may name an alias such as v1.26-latest."""
    for deployment in objects.get(DEPLOYMENT, ()):
        own = labels(deployment.metadata.get("labels"))
        if own.get("app") == "istiod":
            yield "istio", own.get("app.kubernetes.io/version", ""), deployment
            yield "istio", own.get("helm.sh/chart", "").removeprefix("istiod-"), deployment
    for kind in (ISTIO_REVISION, ISTIO):
        for obj in objects.get(kind, ()):
            yield "istio", text(obj.spec.get("version")), obj
    for cls in objects.get(GATEWAY_CLASS, ()):
        for one in mappings(mapping(cls.body.get("status")).get("conditions")):
            if match := _INSTALLED.search(text(one.get("message"))):
                yield "istio", match[1], cls


def _images(deployment: Object) -> Iterator[tuple[str, str]]:
    """Last part of the name, and tag, of every image; a digest is no tag."""
    pod = mapping(mapping(deployment.spec.get("template")).get("spec"))
    for container in mappings(pod.get("containers")):
        path = text(container.get("image")).partition("@")[0].rpartition("/")[2]
        name, _, tag = path.partition(":")
        yield name, tag
