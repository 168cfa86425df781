"""Versions come from where a cluster states them, never from a guess; else they are unstated.

Gateway API writes its version on its CRDs, OpenShift into its ClusterVersion, operators of OLM have
it in the name of their ClusterServiceVersion, upstream builds in their image tags; for Istio see
`modelgate.detection`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubernetes.dynamic.exceptions import DynamicApiError

from modelgate import detection
from modelgate.detection import DisagreementError
from modelgate.kubernetes_api import Cluster

_GATEWAY_API: Final = (
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io"
)
_BUNDLE_VERSION: Final = "gateway.networking.k8s.io/bundle-version"
_OPENSHIFT: Final = "/apis/config.openshift.io/v1/clusterversions/version"
_OPERATORS: Final = {
    "kuadrant-operator": "kuadrant",
    "rhcl-operator": "rhcl",
    "rhods-operator": "openshift-ai",
}
_DEPLOYMENTS: Final = {
    "app.kubernetes.io/name=kuadrant-operator": "kuadrant",
    "app=kuadrant,control-plane=controller-manager": "kuadrant",
}
_VERSION: Final = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")


def find(cluster: Cluster) -> dict[str, str]:
    """Component to version; the first place that states one counts."""
    found: dict[str, str] = {}
    for component, text in _stated(cluster):
        if match := _VERSION.match(text):
            found.setdefault(component, match[1])
    return found


def _stated(cluster: Cluster) -> Iterator[tuple[str, str]]:
    crd = _get(cluster, _GATEWAY_API)
    yield "gateway-api", crd.get("metadata", {}).get("annotations", {}).get(_BUNDLE_VERSION, "")
    openshift = _get(cluster, _OPENSHIFT)
    yield "openshift", openshift.get("status", {}).get("desired", {}).get("version", "")
    csvs = "/apis/operators.coreos.com/v1alpha1/clusterserviceversions"
    for csv in _get(cluster, csvs, labelSelector="!olm.copiedFrom").get("items") or []:
        operator, _, version = csv["metadata"]["name"].partition(".")
        if component := _OPERATORS.get(operator):
            yield component, version
    yield "istio", _istio(cluster)
    for selector, component in _DEPLOYMENTS.items():
        found = _get(cluster, "/apis/apps/v1/deployments", labelSelector=selector)
        for deployment in found.get("items") or []:
            for container in deployment["spec"]["template"]["spec"]["containers"]:
                yield component, _tag(container.get("image", ""))


def _istio(cluster: Cluster) -> str:
    """Empty where nothing states it, or two that could be meant differ: then it is unstated."""
    try:
        stated = detection.istio(cluster).stated
    except DisagreementError:
        return ""
    return stated.version if stated else ""


def _get(cluster: Cluster, path: str, **query: str) -> Mapping[str, Any]:
    """The document, empty where it is not there or may not be read: then it states nothing."""
    try:
        return cluster.get(path, **query)
    except DynamicApiError:
        return {}


def _tag(image: str) -> str:
    """The tag of an image reference; a registry's port is none, a digest neither."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
