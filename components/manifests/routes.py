"""A model's HTTPRoute on the gateway: completions through the picker, the rest to the Service.

The pool's group is always written: an InferencePool without a group is none. Every rule rewrites
its prefix away and has no time limit, as KServe's own route does; the caller's credential is taken
out, so that no model server sees it.
"""

from typing import Any

from components.manifests.gateway import API_VERSION, parent_ref
from components.manifests.objects import Manifest, child_name, manifest
from modelgate.config import Gateway, Model
from modelgate.releases import Release

GUIDE_PATHS = ("/v1/completions", "/v1/chat/completions")
PORT = 8000
CREDENTIAL = "Authorization"
"""Stays at the gateway: Envoy removes a route's headers last, after the policy has read them."""


def http_route(model: Model, gateway: Gateway, release: Release, pool_group: str) -> Manifest:
    """The route of `model` on `gateway`; `pool_group` is the API group of its InferencePool."""
    pool = {
        "group": pool_group,
        "kind": "InferencePool",
        "name": child_name(model.name, "-inference-pool"),
    }
    service = {"kind": "Service", "name": child_name(model.name, "-kserve-workload-svc")}
    rules = [_rule(f"{model.path}{path}", path, pool) for path in picker_paths(release)]
    rules.append(_rule(model.path, "/", service))
    spec: dict[str, Any] = {
        "parentRefs": [parent_ref(gateway.name, gateway.namespace)],
        "rules": rules,
    }
    if gateway.hostname_on_listener:
        spec["hostnames"] = [gateway.hostname]
    name = route_name(model, gateway)
    return manifest(API_VERSION, "HTTPRoute", name, model.namespace, spec=spec)


def route_name(model: Model, gateway: Gateway) -> str:
    """The name of our own route; KServe's is `<model>-kserve-route`."""
    return child_name(model.name, f"-{gateway.name}")


def picker_paths(release: Release) -> tuple[str, ...]:
    """Paths that go through the picker: those of the release's own route, else the guide's two."""
    prefix = "/{namespace}/{service}/"
    paths = (rule.rewrite for rule in release.rules if rule.prefix.startswith(prefix))
    return tuple(paths) or GUIDE_PATHS


def _rule(prefix: str, rewrite: str, backend: dict[str, Any]) -> dict[str, Any]:
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": prefix}}],
        "filters": [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": [CREDENTIAL]}},
            {
                "type": "URLRewrite",
                "urlRewrite": {
                    "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": rewrite}
                },
            },
        ],
        "backendRefs": [{**backend, "port": PORT, "weight": 1}],
        "timeouts": {"request": "0s", "backendRequest": "0s"},
    }
