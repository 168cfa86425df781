"""What odh-model-controller adds: AuthPolicies on gateways and routes, EnvoyFilters on gateways.

A policy that may or may not come has UNKNOWN rules, so that nobody relies on it. Sources:
opendatahub-io/odh-model-controller, gateway_controller.go, kserve_authpolicy_reconciler.go,
kserve_envoyfilter_reconciler.go, utils.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelgate.releases import OdhController
from modelgate.topology.derive.merge import section
from modelgate.topology.derive.names import child_name, policy_name
from modelgate.topology.derive.policy_rules import anonymous, authorino_cluster, token_review
from modelgate.topology.derive.service import INCOMPLETE, Service, made
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, labels, mapping, mappings, selects, text

MANAGED = "opendatahub.io/managed"
TLS_BOOTSTRAP = "security.opendatahub.io/authorino-tls-bootstrap"
GATEWAY_API = "gateway.networking.k8s.io"

Doubt = bool | Unknown
"""True, False, or UNKNOWN where it depends on a value that is not known yet."""


def policies(
    services: Sequence[Service],
    routes: Mapping[str, Object],
    objects: Sequence[Object],
    odh: OdhController,
) -> Iterator[Object]:
    """All policies for running `services`; `routes` are managed routes by their service's ref.

    Without a service in view nothing shows that OpenShift AI is there: then there are none.
    """
    running = [one for one in services if not one.stopped]
    if not running:
        return
    for service in running:
        yield from _route_policies(service, routes.get(service.declared.ref), odh)
    gateways = [
        one for one in objects if one.kind == "Gateway" and one.group == GATEWAY_API and one.name
    ]
    for gateway in gateways:
        yield from _gateway_objects(gateway, running, objects, odh)


def _route_policies(service: Service, route: Object | None, odh: OdhController) -> Iterator[Object]:
    """The anonymous policy of each route of a service with `enable-auth: "false"`."""
    wanted = service.wants_authentication
    if wanted is True:
        return
    refs = service.route_refs
    names: list[Any] = [mapping(ref).get("name") for ref in items(refs)]
    if not names and route is not None:
        names = [route.name]
    for name in names:
        known = text(name)
        rules = UNKNOWN if wanted is UNKNOWN or not known else anonymous(odh)
        target = {"group": GATEWAY_API, "kind": "HTTPRoute", "name": known or UNKNOWN}
        yield service.make(
            "kuadrant.io/v1",
            "AuthPolicy",
            policy_name(known) if known else "",
            {"spec": {"targetRef": target, "rules": rules}},
            _labels(service.name),
        )


def _labels(name: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": "llminferenceservice-policies",
        "app.kubernetes.io/part-of": "llminferenceservice",
        "app.kubernetes.io/managed-by": "odh-model-controller",
    }


def _gateway_objects(
    gateway: Object, running: Sequence[Service], objects: Sequence[Object], odh: OdhController
) -> Iterator[Object]:
    users = [
        (one, use) for one in running if (use := _uses(one, gateway, objects, odh)) is not False
    ]
    used = _any([use for _, use in users])
    own = odh.driven_by == "gateway"
    bootstrap = _bootstrapped(gateway) if odh.tls_bootstrap else False
    if own:
        used = _any([used, _is_default(gateway, running), bootstrap])
    parent = gateway if own or not users else users[0][0].declared
    managed = is_managed(gateway, odh)
    if not _owned_by_platform(gateway, odh):
        wanted = _all([used, managed])
        if wanted is not False:
            yield _gateway_policy(gateway, parent, odh, wanted)
    filtering = [user for user, _ in users if user.wants_authentication is not False]
    needed = used if filtering or own or not odh.filter_needs_auth else False
    if _all([needed, _any([managed, bootstrap])]) is not False and authorino_tls(objects):
        yield _gateway_filter(gateway, parent, objects)


def _any(values: Sequence[Doubt]) -> Doubt:
    if any(value is True for value in values):
        return True
    return UNKNOWN if any(value is UNKNOWN for value in values) else False


def _all(values: Sequence[Doubt]) -> Doubt:
    if any(value is False for value in values):
        return False
    return UNKNOWN if any(value is UNKNOWN for value in values) else True


def is_managed(gateway: Object, odh: OdhController) -> Doubt:
    """Whether odh-model-controller takes care of `gateway`: it does unless told otherwise.

    The label decides where it is there; the annotation counts only in releases that read it.
    """
    for place in odh.opt_out:
        found = section(gateway.metadata, "labels" if place == "label" else "annotations")
        if isinstance(found, Unknown):
            return UNKNOWN
        value = mapping(found).get(MANAGED)
        if isinstance(value, Unknown):
            return UNKNOWN
        if isinstance(value, str):
            return value.strip().lower() != "false"
    return True


def _bootstrapped(gateway: Object) -> Doubt:
    annotations = section(gateway.metadata, "annotations")
    value = UNKNOWN if isinstance(annotations, Unknown) else mapping(annotations).get(TLS_BOOTSTRAP)
    return UNKNOWN if isinstance(value, Unknown) else text(value).strip().lower() == "true"


def _owned_by_platform(gateway: Object, odh: OdhController) -> bool:
    owners = mappings(gateway.metadata.get("ownerReferences"))
    owned = any(owner.get("kind") == "GatewayConfig" for owner in owners)
    return owned and odh.driven_by == "gateway"


def _is_default(gateway: Object, running: Sequence[Service]) -> bool:
    place = f"{gateway.namespace}/{gateway.name}"
    return any(place == one.release.default_gateway for one in running)


def _uses(
    service: Service, gateway: Object, objects: Sequence[Object], odh: OdhController
) -> Doubt:
    """Whether `service` refers to `gateway`, or has no reference and this is the default one."""
    refs = service.gateway_refs
    if isinstance(refs, Unknown):
        return UNKNOWN
    if not refs:
        return odh.driven_by == "service" and _is_default(gateway, [service])
    found = _any([_names(service, ref, gateway) for ref in refs])
    if found is False or not odh.reads_allowed_routes:
        return found
    return found if _admits(gateway, service.namespace, objects) else False


def _names(service: Service, ref: Any, gateway: Object) -> Doubt:
    if not isinstance(ref, Mapping):
        return UNKNOWN
    name, namespace = ref.get("name"), ref.get("namespace")
    if isinstance(name, Unknown) or isinstance(namespace, Unknown):
        return UNKNOWN
    place = (text(namespace) or service.namespace, text(name))
    return place == (gateway.namespace, gateway.name)


def _admits(gateway: Object, namespace: str, objects: Sequence[Object]) -> bool:
    """Whether some listener may admit routes of `namespace`; what is not known admits."""
    listeners = gateway.spec.get("listeners")
    if isinstance(listeners, Unknown):
        return True
    return any(
        _listener_admits(listener, gateway.namespace, namespace, objects)
        for listener in mappings(listeners)
    )


def _listener_admits(
    listener: Mapping[str, Any], own: str, namespace: str, objects: Sequence[Object]
) -> bool:
    allowed = section(section(listener, "allowedRoutes"), "namespaces")
    origin = UNKNOWN if isinstance(allowed, Unknown) else mapping(allowed).get("from", "Same")
    if isinstance(origin, Unknown) or origin == "All":
        return True
    if origin == "Same":
        return own == namespace
    found = [one for one in objects if one.kind == "Namespace" and one.name == namespace]
    if not found:
        return True
    labelled = {"kubernetes.io/metadata.name": namespace}
    labelled |= labels(found[0].metadata.get("labels"))
    return selects(mapping(allowed).get("selector"), labelled)


def authorino_tls(objects: Sequence[Object]) -> bool:
    """False only where an Authorino in view has its listener's TLS switched off."""
    for one in objects:
        if one.kind == "Authorino":
            tls = section(section(section(one.body, "spec"), "listener"), "tls")
            return mapping(tls).get("enabled", True) is not False
    return True


def _gateway_policy(gateway: Object, parent: Object, odh: OdhController, wanted: Doubt) -> Object:
    target = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name}
    certain = wanted is True
    spec = {"targetRef": target, "rules": token_review(odh) if certain else UNKNOWN}
    why = "whether its gateway is used and managed is not known yet"
    return made(
        parent,
        "kuadrant.io/v1",
        "AuthPolicy",
        (gateway.namespace, policy_name(gateway.name)),
        {"spec": spec},
        _labels("llminferenceservice-auth"),
        {} if certain else {INCOMPLETE: why},
    )


def _gateway_filter(gateway: Object, parent: Object, objects: Sequence[Object]) -> Object:
    namespaces = [one.namespace for one in objects if one.kind == "Kuadrant" and one.namespace]
    target = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway.name}
    spec = {
        "priority": -1,
        "targetRefs": [target],
        "configPatches": [authorino_cluster(namespaces[0] if namespaces else "kuadrant-system")],
    }
    return made(
        parent,
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        (gateway.namespace, child_name(gateway.name, "-authn-ssl")),
        {"spec": spec},
        _labels("llminferenceservice-auth"),
        {},
    )
