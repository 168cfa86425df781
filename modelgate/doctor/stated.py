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
}
"""Last part of an image's name to the component whose version is its tag."""

OPENSHIFTS: Final = "openshift-gateway"
"""A part of the names of the Istio that OpenShift keeps for gateways."""

_VERSION: Final = re.compile(r"(?:OSSM_)?v?(\d+\.\d+(?:\.\d+|-latest)?)")
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
    """OpenShift's own Istio before others, istiod's labels before resources that may be aliases.

    Where two that could be meant differ, none is stated.
    """
    for source in (_istiods, _revisions, _resources, _conditions):
        found = list(source(objects))
        meant = [one for one in found if OPENSHIFTS in one[1].name] or found
        if meant:
            if len({version for version, _ in meant}) == 1:
                yield "istio", *meant[0]
            return


Versions = Iterator[tuple[str, Object]]


def _istiods(objects: Objects) -> Versions:
    for deployment in objects.get(DEPLOYMENT, ()):
        own = labels(deployment.metadata.get("labels"))
        if own.get("app") == "istiod":
            chart = own.get("helm.sh/chart", "").removeprefix("istiod-")
            tags = (tag for _, tag in _images(deployment))
            for text_ in (own.get("app.kubernetes.io/version", ""), chart, *tags):
                if match := _VERSION.match(text_):
                    yield match[1], deployment
                    break


def _revisions(objects: Objects) -> Versions:
    return _specified(objects.get(ISTIO_REVISION, ()))


def _resources(objects: Objects) -> Versions:
    return _specified(objects.get(ISTIO, ()))


def _specified(found: Sequence[Object]) -> Versions:
    for obj in found:
        if match := _VERSION.match(text(obj.spec.get("version"))):
            yield match[1], obj


def _conditions(objects: Objects) -> Versions:
    for cls in objects.get(GATEWAY_CLASS, ()):
        for one in mappings(mapping(cls.body.get("status")).get("conditions")):
            if match := _INSTALLED.search(text(one.get("message"))):
                yield match[1], cls


def _images(deployment: Object) -> Iterator[tuple[str, str]]:
    """Last part of the name, and tag, of every image; a digest is no tag."""
    pod = mapping(mapping(deployment.spec.get("template")).get("spec"))
    for container in mappings(pod.get("containers")):
        path = text(container.get("image")).partition("@")[0].rpartition("/")[2]
        name, _, tag = path.partition(":")
        yield name, tag
