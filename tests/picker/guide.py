"""The guide's stack as this program declares it: routes, and the filter of `envoyFilter: guide`."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from components.manifests import envoy_filter, routes
from components.manifests.model import llm_inference_service
from modelgate import versions
from modelgate.config import load
from modelgate.topology import Object
from modelgate.topology.derive import derive

Config = dict[str, Any]

FILE: Final = "Pulumi.guide.yaml"
_TEXT: Final = (Path(__file__).parents[2] / FILE).read_text(encoding="utf-8")
CONFIG: Final = load(yaml.safe_load(_TEXT)["config"]["modelgate:platform"], "guide", FILE)
RELEASE: Final = versions.table().release(CONFIG.release)
MODEL: Final = CONFIG.models[0]
GATEWAY: Final = CONFIG.gateway
COMPLETIONS: Final = f"/{MODEL.namespace}/{MODEL.name}/v1/completions"
CHAT: Final = f"/{MODEL.namespace}/{MODEL.name}/v1/chat/completions"
MODELS: Final = f"/{MODEL.namespace}/{MODEL.name}/v1/models"
MESSAGES: Final = [{"role": "user", "content": "Once upon a time"}]
ASKED: Final = {"model": "Qwen/Qwen3-0.6B", "max_tokens": 1, "prompt": "Hi", "messages": MESSAGES}
BODY: Final = json.dumps(ASKED, indent=1).encode()
"""What both kinds of completions take, as no picker would write it."""

CLUSTER: Final = f"outbound|9002||{MODEL.name}-epp-service.{MODEL.namespace}.svc.cluster.local"


def own_route() -> Config:
    """The HTTPRoute on maas-gateway."""
    return routes.http_route(MODEL, GATEWAY, RELEASE, RELEASE.pool_groups[0])


def managed_route() -> Config:
    """The HTTPRoute that KServe makes for the model."""
    body = llm_inference_service(MODEL, RELEASE, route={})
    service = Object(body["apiVersion"], body["kind"], MODEL.namespace, MODEL.name, body)
    (route,) = (one for one in derive([service], RELEASE) if one.kind == "HTTPRoute")
    return dict(route.body)


def own_filter() -> Config:
    """The EnvoyFilter for maas-gateway."""
    return rendered(GATEWAY.name, envoy_filter.own_routes(MODEL, GATEWAY, RELEASE))


def managed_filter() -> Config:
    """The EnvoyFilter for openshift-ai-inference."""
    return rendered("openshift-ai-inference", envoy_filter.managed_routes(MODEL, RELEASE))


def rendered(gateway: str, names: Sequence[str]) -> Config:
    return envoy_filter.envoy_filter(gateway, GATEWAY.namespace, [(MODEL, names)])


def closed_filter() -> Config:
    """The EnvoyFilter for maas-gateway, but fail-closed and for any Istio."""
    changed = deepcopy(own_filter())
    for patch in changed["spec"]["configPatches"]:
        del patch["match"]["proxy"]
        config = patch["patch"]["value"]["typed_per_filter_config"]
        config[envoy_filter.EXT_PROC]["overrides"]["failure_mode_allow"] = False
    return changed
