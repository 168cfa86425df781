"""Whether NetworkPolicies let one pod speak to another (Kubernetes: allow rules add up)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology.objects import Object
from modelgate.topology.values import items, labels, mapping, mappings, number, selects


@dataclass(frozen=True, slots=True)
class Peer:
    """Who speaks: a pod's labels and namespace, and that namespace's labels."""

    labels: Mapping[str, str]
    namespace: str
    namespace_labels: Mapping[str, str]


def selecting(policies: Iterable[Object], pod: Object) -> list[Object]:
    """The policies that restrict what reaches `pod`; without one everything does."""
    own = labels(pod.metadata.get("labels"))
    return [
        policy
        for policy in policies
        if policy.namespace == pod.namespace
        and "Ingress" in (items(policy.spec.get("policyTypes")) or ("Ingress",))
        and selects(policy.spec.get("podSelector"), own)
    ]


def admits(policies: Iterable[Object], peer: Peer, port: int) -> bool:
    """Whether one of the policies, all of which select the pod, lets `peer` reach its `port`."""
    return any(
        _from(rule, peer, policy.namespace) and _port(rule, port)
        for policy in policies
        for rule in mappings(policy.spec.get("ingress"))
    )


def _from(rule: Mapping[str, Any], peer: Peer, own: str) -> bool:
    peers = list(mappings(rule.get("from")))
    return not peers or any(_is(one, peer, own) for one in peers)


def _is(one: Mapping[str, Any], peer: Peer, own: str) -> bool:
    """An address block may hold any pod: it is taken to admit."""
    if "ipBlock" in one:
        return True
    if "namespaceSelector" in one:
        if not selects(one["namespaceSelector"], peer.namespace_labels):
            return False
    elif peer.namespace != own:
        return False
    return selects(one.get("podSelector"), peer.labels)


def _port(rule: Mapping[str, Any], port: int) -> bool:
    """A named port is taken to be the one."""
    ports = list(mappings(rule.get("ports")))
    for one in ports:
        first = one.get("port")
        if not isinstance(first, int) or first <= port <= number(one.get("endPort"), first):
            return True
    return not ports


def as_peer(pod: Object, namespace: Object | None) -> Peer:
    known = labels(mapping(namespace.metadata if namespace else {}).get("labels"))
    known = {"kubernetes.io/metadata.name": pod.namespace, **known}
    return Peer(labels(pod.metadata.get("labels")), pod.namespace, known)
