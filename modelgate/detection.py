"""Which Istio runs behind the gateways of a cluster: read where the cluster says so, never guessed.

In this order: labels of istiod's Deployment (Istio's chart writes them, whatever installs it), the
IstioRevision, the Istio resource (which may name an alias such as v1.26-latest), the condition of
the ingress operator on its GatewayClass (where no Istio resource exists). Sources: istio/istio,
manifests/charts (istio.labels); openshift/cluster-ingress-operator, gatewayclass controller.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubernetes.dynamic.exceptions import DynamicApiError

from modelgate.errors import ModelgateError
from modelgate.kubernetes_api import Cluster

OPENSHIFT_CONTROLLER: Final = "openshift.io/gateway-controller/v1"
OPENSHIFT_REVISION: Final = "openshift-gateway"
"""The Istio that OpenShift's ingress operator keeps for gateways."""

_DEPLOYMENTS: Final = "/apis/apps/v1/deployments"
_REVISIONS: Final = "/apis/sailoperator.io/v1/istiorevisions"
_ISTIOS: Final = "/apis/sailoperator.io/v1/istios"
_CLASSES: Final = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"

_VERSION: Final = re.compile(r"(?:OSSM_)?v?(\d+\.\d+(?:\.\d+)?)(?:-latest|[-+].*)?")
_INSTALLED: Final = re.compile(r"istiod v?(\d+\.\d+\.\d+) installed")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stated:
    """A version, and the object that states it (`Kind ns/name`)."""

    version: str
    where: str


@dataclass(frozen=True, slots=True)
class Detection:
    """What a cluster says of one component; `unread` are the lists that it did not let us read."""

    stated: Stated | None
    unread: tuple[str, ...] = ()


class DisagreementError(ModelgateError):
    """Several objects that count the same state different versions."""


def istio(cluster: Cluster, controller: str = "") -> Detection:
    """The Istio whose gateways belong to `controller`; without one OpenShift's, else the only one.

    Raises ModelgateError where the cluster does not answer, DisagreementError where it has several
    that could be meant.
    """
    unread: list[str] = []

    def items(path: str, **query: str) -> Sequence[Document]:
        try:
            return cluster.get(path, **query).get("items") or []
        except DynamicApiError as error:
            if error.status != 404:
                unread.append(f"{path.rpartition('/')[2]} ({error.status})")
            return []

    for source in (_istiods, _revisions, _resources, _conditions):
        found = _meant(list(source(items)), controller)
        if found is not None:
            return Detection(found, tuple(unread))
    return Detection(None, tuple(unread))


Items = Callable[..., Sequence[Document]]
Found = Iterator[tuple[bool, Stated]]
"""Whether it is OpenShift's, and what it states."""


def _istiods(items: Items) -> Found:
    for one in items(_DEPLOYMENTS, labelSelector="app=istiod"):
        metadata = one["metadata"]
        labels = metadata.get("labels") or {}
        chart = labels.get("helm.sh/chart", "").removeprefix("istiod-")
        yield from _states(
            f"Deployment {metadata.get('namespace', '')}/{metadata['name']}",
            metadata["name"] == f"istiod-{OPENSHIFT_REVISION}",
            (labels.get("app.kubernetes.io/version", ""), chart, *_tags(one)),
        )


def _tags(deployment: Document) -> Iterator[str]:
    """The tags of its images; a registry's port is none, a digest neither."""
    for container in deployment["spec"]["template"]["spec"]["containers"]:
        name = container.get("image", "").partition("@")[0].rpartition("/")[2]
        yield name.partition(":")[2]


def _revisions(items: Items) -> Found:
    return _spec_versions("IstioRevision", items(_REVISIONS))


def _resources(items: Items) -> Found:
    return _spec_versions("Istio", items(_ISTIOS))


def _spec_versions(kind: str, found: Sequence[Document]) -> Found:
    for one in found:
        name = one.get("metadata", {}).get("name", "")
        own = name.startswith(OPENSHIFT_REVISION)
        yield from _states(f"{kind} {name}", own, (one.get("spec", {}).get("version", ""),))


def _conditions(items: Items) -> Found:
    for one in items(_CLASSES):
        own = one.get("spec", {}).get("controllerName") == OPENSHIFT_CONTROLLER
        for condition in one.get("status", {}).get("conditions") or []:
            if match := _INSTALLED.search(condition.get("message", "")):
                where = f"GatewayClass {one['metadata']['name']}"
                yield own, Stated(match[1], where)


def _states(where: str, own: bool, texts: Sequence[str]) -> Found:
    """The first of `texts` that is a version."""
    for text in texts:
        if match := _VERSION.fullmatch(text):
            yield own, Stated(match[1], where)
            return


def _meant(found: Sequence[tuple[bool, Stated]], controller: str) -> Stated | None:
    openshifts = [stated for own, stated in found if own]
    others = [stated for own, stated in found if not own]
    if controller:
        meant = openshifts if controller == OPENSHIFT_CONTROLLER else others
    else:
        meant = openshifts or others
    if len({one.version for one in meant}) > 1:
        listed = ", ".join(f"{one.where} says {one.version}" for one in meant)
        raise DisagreementError(
            f"which Istio is behind the gateways cannot be told: {listed}",
            "state it: versions.istio in the stack, or --assume istio=VERSION",
        )
    return meant[0] if meant else None
