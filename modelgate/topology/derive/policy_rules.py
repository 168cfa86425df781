"""The contents of odh-model-controller's policies, written from what its templates do.

Sources: odh-model-controller, internal/controller/resources/template and PUBLISHER-PATH-AUTH.md.
"""

from typing import Any

from modelgate.releases import OdhController

AUDIENCE = "https://kubernetes.default.svc"
AUTHORINO_PORT = 50051

_BATCH = (
    "request.path == '/v1/files' || request.path.startsWith('/v1/files/') || "
    "request.path == '/v1/batches' || request.path.startsWith('/v1/batches/')"
)
_PUBLISHER = "request.path.matches('^/publishers/[^/]+/models/')"
_OWN_PATH = "request.path.matches('^/[^/]+/[^/]+') && !request.path.startsWith('/v1/')"
_MODEL_HEADER = (
    "'x-gateway-model-name' in request.headers && "
    "request.headers['x-gateway-model-name'].matches('^publishers/[^/]+/models/.+$')"
)
_DELEGATED = "'x-maas-user' in request.headers"
_USER = f"{_DELEGATED} ? request.headers['x-maas-user'] : auth.identity.user.username"
_GROUPS = (
    f"{_DELEGATED} ? ('x-maas-groups' in request.headers ? "
    "request.headers['x-maas-groups'].split(',') : []) : auth.identity.user.groups"
)
_OBJECTIVE = (
    "auth.identity.user.username.startsWith('system:serviceaccount:') ? "
    "auth.identity.user.username.split(':')[2] : 'authenticated'"
)


def anonymous(odh: OdhController) -> dict[str, Any]:
    """Everybody passes."""
    public: dict[str, Any] = {"anonymous": {}, "metrics": False, "priority": 0}
    if not _delegates(odh):
        return {"authentication": {"public": public}}
    nobody = {"value": "unauthenticated"}
    public["overrides"] = {"fairness": nobody, "objective": nobody}
    return {"authentication": {"public": public}, "response": _response(batch=False)}


def token_review(odh: OdhController) -> dict[str, Any]:
    """A Kubernetes token, and the right to `get` the LLMInferenceService that the path names."""
    user: dict[str, Any] = {"kubernetesTokenReview": {"audiences": [AUDIENCE]}}
    if not _delegates(odh):
        access = _review("llminferenceservices", "get", "auth.identity.user")
        return {
            "authentication": {"kubernetes-user": user},
            "authorization": {"inference-access": access},
        }
    user["overrides"] = {
        "fairness": {"value": AUDIENCE},
        "objective": {"expression": _OBJECTIVE},
    }
    publishers = odh.gateway_policy == "token-review-with-publishers"
    return {
        "authentication": {"kubernetes-user": user},
        "authorization": _with_publishers() if publishers else _pair(f"!({_BATCH})"),
        "response": _response(batch=True),
    }


def _delegates(odh: OdhController) -> bool:
    return odh.gateway_policy != "token-review"


def _pair(condition: str) -> dict[str, Any]:
    """Access for the user in question, and the caller's right to speak for somebody else."""
    own = [{"predicate": condition}]
    return {
        "inference-access": {"when": own, **_review("llminferenceservices", "get", "")},
        "inference-access-delegate": {
            "when": [*own, {"predicate": _DELEGATED}],
            **_review("llminferenceservices/delegate", "post-delegate", "auth.identity.user"),
        },
    }


def _with_publishers() -> dict[str, Any]:
    published = [{"predicate": _PUBLISHER}]
    misrouted = f"!({_PUBLISHER}) && !({_BATCH}) && {_MODEL_HEADER}"
    return {
        "deny-misrouted-model-header": {
            "when": [{"predicate": misrouted}],
            "patternMatching": {"patterns": [{"predicate": "false"}]},
            "priority": 0,
        },
        "model-access-path": {"when": published, **_review_model("models", "post", "")},
        "model-access-path-delegate": {
            "when": [*published, {"predicate": _DELEGATED}],
            **_review_model("models/delegate", "post-delegate", "auth.identity.user"),
        },
        **_pair(f"{_OWN_PATH} && !({_PUBLISHER})"),
    }


def _review(resource: str, verb: str, identity: str) -> dict[str, Any]:
    return _access(
        identity,
        {
            "group": {"value": "serving.kserve.io"},
            "resource": {"value": resource},
            "namespace": {"expression": 'request.path.split("/")[1]'},
            "name": {"expression": 'request.path.split("/")[2]'},
            "verb": {"value": verb},
        },
    )


def _review_model(resource: str, verb: str, identity: str) -> dict[str, Any]:
    name = "request.path.split('/models/')[1].split('/v1/')[0]"
    return _access(
        identity,
        {
            "group": {"value": "serving.opendatahub.io"},
            "resource": {"value": resource},
            "namespace": {"expression": 'request.path.split("/")[2]'},
            "name": {"expression": name},
            "verb": {"value": verb},
        },
    )


def _access(identity: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """`identity` is whose right is asked for; empty for the user whom the caller speaks for."""
    return {
        "kubernetesSubjectAccessReview": {
            "user": {"expression": f"{identity}.username" if identity else _USER},
            "authorizationGroups": {"expression": f"{identity}.groups" if identity else _GROUPS},
            "resourceAttributes": attributes,
        },
        "priority": 1,
    }


def _response(*, batch: bool) -> dict[str, Any]:
    """Headers for the picker's fairness; for batch paths also who asks."""
    headers = {
        f"x-gateway-inference-{name}": {
            "metrics": False,
            "plain": {"expression": f"auth.identity.{field}"},
            "priority": 0,
        }
        for name, field in (("fairness-id", "fairness"), ("objective", "objective"))
    }
    if batch:
        values = {
            "x-maas-user": "auth.identity.user.username",
            "x-maas-groups": "auth.identity.user.groups.join(',')",
        }
        headers |= {
            name: {
                "when": [{"predicate": _BATCH}],
                "plain": {"expression": expression},
                "priority": 0,
            }
            for name, expression in values.items()
        }
    return {"success": {"headers": headers}}


def authorino_cluster(namespace: str) -> dict[str, Any]:
    """The patch that adds a cluster for Authorino behind TLS; nothing else is touched."""
    host = f"authorino-authorino-authorization.{namespace}.svc.cluster.local"
    name = "kuadrant-auth-service"
    address = {"socket_address": {"address": host, "port_value": AUTHORINO_PORT}}
    ca = "/var/run/secrets/kubernetes.io/serviceaccount/service-ca.crt"
    tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    value = {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "lb_policy": "ROUND_ROBIN",
        "http2_protocol_options": {},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": tls,
                "common_tls_context": {"validation_context": {"trusted_ca": {"filename": ca}}},
            },
        },
    }
    return {
        "applyTo": "CLUSTER",
        "match": {"cluster": {"service": host}},
        "patch": {"operation": "ADD", "value": value},
    }
