"""What to paste for one stack: environment, health, completion, versions, resources, logs.

Every name comes from what the stack declares and what controllers make of it, so that nothing has
to be filled in by hand. A key is read from its Secret at the moment of pasting and never printed.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from modelgate.report.curl import quote

Section = tuple[str, list[str]]

CHAT: Final = "/v1/chat/completions"
MODELS: Final = "/v1/models"
_ON_GATEWAYS: Final = (
    "gateways,httproutes,authpolicies,ratelimitpolicies,tokenratelimitpolicies,envoyfilters"
)
_KEY: Final = "$MODELGATE_API_KEY"


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway of the stack; `key_selector` finds its API keys, empty where none are asked for."""

    namespace: str
    name: str
    host: str = ""
    key_selector: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its service, the name that requests use, and its path on each gateway by place."""

    namespace: str
    service: str
    name: str
    picker: str
    workload: str
    pool_resource: str
    paths: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Platform:
    """Where the stack's parts are; `key_namespace` is empty where the stack does not say it."""

    gateways: tuple[Gateway, ...]
    models: tuple[Model, ...]
    key_namespace: str
    openshift: bool


def text(platform: Platform, client: str) -> str:
    """All commands for `oc` or `kubectl`, as a shell takes them."""
    parts = [
        "\n".join([f"# {title}", *lines]) for title, lines in _sections(platform, client) if lines
    ]
    return "\n\n".join(parts)


def _sections(platform: Platform, client: str) -> Iterator[Section]:
    for number, gateway in enumerate(platform.gateways):
        yield _environment(gateway, platform, client, number)
        place = f"{gateway.namespace}/{gateway.name}"
        for model in platform.models:
            paths = [path for where, path in model.paths if where == place]
            for path in paths:
                yield from _requests(gateway, model, path, number)
    yield "versions", list(_versions(platform, client))
    yield "resources", list(_resources(platform, client))
    yield from _logs(platform, client)


def _variable(number: int) -> str:
    """The first gateway is $GATEWAY, a second one $GATEWAY2."""
    return f"GATEWAY{number + 1 if number else ''}"


def _environment(gateway: Gateway, platform: Platform, client: str, number: int) -> Section:
    place = f"-n {quote(gateway.namespace)} {quote(gateway.name)}"
    address = f"{client} get gateway {place} -o jsonpath='{{.status.addresses[0].value}}'"
    lines = [f"export {_variable(number)}=$({address})"]
    if gateway.key_selector:
        lines.append(
            f"export MODELGATE_API_KEY=$({client} get secrets -n {_keys_in(platform, client)}"
            f" -l {quote(gateway.key_selector)} -o jsonpath='{{.items[0].data.api_key}}'"
            " | base64 -d)"
        )
    asks = "asks for an API key" if gateway.key_selector else "asks for no credentials"
    return f"Gateway {gateway.namespace}/{gateway.name}, which {asks}", lines


def _keys_in(platform: Platform, client: str) -> str:
    """Kuadrant's namespace; where the stack does not say it, the cluster does."""
    if platform.key_namespace:
        return quote(platform.key_namespace)
    return f"$({client} get kuadrant -A -o jsonpath='{{.items[0].metadata.namespace}}')"


def _requests(gateway: Gateway, model: Model, path: str, number: int) -> Iterator[Section]:
    name = f"{model.namespace}/{model.service} on {gateway.name}"
    yield (
        f"health of {name} (to the Service, past the picker)",
        [_curl(gateway, f"{path}{MODELS}", number)],
    )
    body = {
        "model": model.name,
        "messages": [{"role": "user", "content": "Hello!"}],
        "max_tokens": 20,
    }
    yield (
        f"chat completion of {name} (through the picker)",
        [_curl(gateway, f"{path}{CHAT}", number, json.dumps(body))],
    )


def _curl(gateway: Gateway, path: str, number: int, body: str = "") -> str:
    host = gateway.host or f"${_variable(number)}"
    parts = ["curl", "-sk"]
    if gateway.host:
        parts += ["--connect-to", f'"::${_variable(number)}:"']
    if gateway.key_selector:
        parts += ["-H", f'"Authorization: Bearer {_KEY}"']
    if body:
        parts += ["-H", quote("Content-Type: application/json"), "-d", quote(body)]
    return " ".join([*parts, f'"https://{host}{path}"'])


def _versions(platform: Platform, client: str) -> Iterator[str]:
    if platform.openshift:
        yield f"{client} get clusterversion"
        yield f"{client} get csv -A | grep -E 'rhods|servicemesh|rhcl|kuadrant|authorino'"
        yield f"{client} get istio,istiorevision -A"
    yield (f"{client} get deployments -A -l app=istiod -L app.kubernetes.io/version,helm.sh/chart")
    crd = "httproutes.gateway.networking.k8s.io"
    yield (
        f"{client} get crd {crd} -o jsonpath="
        "'{.metadata.annotations.gateway\\.networking\\.k8s\\.io/bundle-version}{\"\\n\"}'"
    )


def _resources(platform: Platform, client: str) -> Iterator[str]:
    for namespace in sorted({model.namespace for model in platform.models}):
        pools = sorted({m.pool_resource for m in platform.models if m.namespace == namespace})
        kinds = ["llminferenceservices", "pods", "services", "deployments", "httproutes", *pools]
        yield f"{client} get {','.join(filter(None, kinds))} -n {quote(namespace)}"
    for namespace in sorted({gateway.namespace for gateway in platform.gateways}):
        yield f"{client} get {_ON_GATEWAYS} -n {quote(namespace)}"
    yield f"{client} get authconfigs -n {_keys_in(platform, client)}"


def _logs(platform: Platform, client: str) -> Iterator[Section]:
    """The three terminals of the guide, for each gateway and each model."""
    gateways: Sequence[Gateway] = platform.gateways
    yield (
        "terminal 1: every request, as the gateway logs it",
        [
            f"{client} logs -f -n {quote(one.namespace)}"
            f" -l gateway.networking.k8s.io/gateway-name={quote(one.name)} -c istio-proxy --tail=5"
            " | modelgate logs"
            for one in gateways
        ],
    )
    yield (
        "terminal 2: what the picker decides",
        [
            f"{client} logs -f -n {quote(one.namespace)} deploy/{quote(one.picker)} -c main"
            for one in platform.models
            if one.picker
        ],
    )
    yield (
        "terminal 3: what the model server says",
        [
            f"{client} logs -f -n {quote(one.namespace)} deploy/{quote(one.workload)} -c main"
            for one in platform.models
        ],
    )
