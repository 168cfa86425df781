"""What modelgate says that KServe will make, KServe 0.20.0 and 0.16.0 make: field by field."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from modelgate.local.api import Api
from modelgate.local.waiting import until
from modelgate.topology import UNKNOWN, Object
from modelgate.topology.derive import derive
from modelgate.versions import table
from tests.lab.derivation import gateways, models, moved
from tests.lab.kserve import TOOLS, kserve, routes_accepted
from tests.plugins.built import needs
from tests.plugins.control_plane import Told

_SECONDS: Final = 60
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_KINDS: Final = (
    ("v1", "Service"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
    (_RBAC, "Role"),
    (_RBAC, "RoleBinding"),
    (_RBAC, "ClusterRoleBinding"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("inference.networking.k8s.io/v1", "InferencePool"),
    ("inference.networking.x-k8s.io/v1alpha2", "InferencePool"),
)
_MODEL: Final = ("inference.networking.x-k8s.io/v1alpha2", "InferenceModel")

_CLASS: Final = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "openshift-default"},
    "spec": {"controllerName": "openshift.io/gateway-controller/v1"},
}
_POD: Final = r"(Deployment|LeaderWorkerSet)\.spec\S*[tT]emplate\.spec"
NOT_COMPARED: Final = {
    r"\w+\.(\S+\.)?metadata\.(uid|resourceV\w+|generation|creationT\w+|managedF\w+)": "storage",
    r"\w+\.metadata\.ownerReferences": "how the test finds what was made",
    r"\w+\.status": "what others answer",
    r"Secret\.(data|type|metadata\.annotations)": "the certificate, new each time",
    r"Service\.spec\.(clusterIPs?|ip\w+|internal\w+|sessionAffinity|type)": "the API's defaults",
    r"Deployment\.spec\.(progress\w+|revision\w+|strategy|replicas)": "the API's defaults",
    r"HTTPRoute\.spec\.rules\[\]\.\w+\[\]\.(group|weight|path)": "the API's defaults",
    r"InferencePool\.spec\.(appProtocol|\w+Ref\.(group|kind))": "the API's defaults",
    r"LeaderWorkerSet\.spec\.(rolloutStrategy|startupPolicy|\w+\.(size|restart\w+|subGroup\w+))": (
        "how pods of a group start, which is not derived"
    ),
    _POD + r"\.(volumes|dns\w+|\w+Policy|schedulerName|securityContext|serviceAccount|termin\w+)": (
        "what the presets add to pods, and the API's defaults"
    ),
    _POD + r"\.(initC|c)ontainers\[\w[\w-]*\]\.(?!name|ports)\w+": (
        "images, probes, volumes and the model's own command, from presets; the picker's command "
        "and arguments are compared where they are derived"
    ),
    _POD + r"\.initContainers(\[storage-initializer\])?": "the storage initializer",
    r"Deployment\.spec\.template\.metadata\.annotations": "the preset's version of the picker",
}
"""What KServe or the API server writes beyond what is derived, and why that is left out."""


@pytest.fixture(scope="module")
def kserve_0_16(told: Told) -> Iterator[Api]:
    yield from _started("kserve-0.16", told)


@pytest.fixture(scope="module")
def kserve_0_20(told: Told) -> Iterator[Api]:
    yield from _started("kserve-0.20", told)


def _started(release: str, told: Told) -> Iterator[Api]:
    """KServe beside an API server of its own, with the gateways that models name."""
    needs([TOOLS[release]])
    with kserve(release, told) as api:
        api.create(_namespace("openshift-ingress"))
        api.create(_CLASS)
        for one in gateways():
            api.create(one.body)
        yield api


@pytest.mark.parametrize("name", models("kserve-0.16"))
def test_kserve_0_16_makes_what_is_derived(kserve_0_16: Api, name: str) -> None:
    _compare(kserve_0_16, "kserve-0.16", name)


@pytest.mark.parametrize("name", models("kserve-0.20"))
def test_kserve_0_20_makes_what_is_derived(kserve_0_20: Api, name: str) -> None:
    _compare(kserve_0_20, "kserve-0.20", name)


def _compare(api: Api, release: str, name: str) -> None:
    declared = [moved(one, name) for one in models(release)[name]]
    model, profile = declared[-1], table().release(release)
    said = {_name(one.body): one for one in derive([*gateways(), *declared], profile)}
    api.create(_namespace(name))
    for one in declared:
        api.create(one.body)
    try:
        assert until(lambda: _settled(api, model), _SECONDS), _conditions(api, model)
        made = {_name(body): body for body in _made(api, model, release)}
    finally:
        api.delete(model.body)  # a model that waits keeps KServe busy
    assert sorted(made) == sorted(said)
    differences = [
        f"{one.ref}: {difference}"
        for key, one in said.items()
        for difference in _differences(one.body, made[key], one.kind)
    ]
    assert differences == []


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _name(body: Mapping[str, Any]) -> str:
    return f"{body['apiVersion']} {body['kind']} {body['metadata']['name']}"


def _settled(api: Api, model: Object) -> bool:
    """Whether KServe came to the end of its work without an error, its routes being accepted."""
    accepted = routes_accepted(api, model.namespace)
    conditions = _conditions(api, model)
    reasons = [str(each.get("reason", "")) for each in conditions.values()]
    routed = conditions.get("HTTPRoutesReady", {})
    ended = "PresetsCombined" in conditions and not any("Error" in one for one in reasons)
    return (
        accepted
        and ended
        and (routed.get("status") != "False" or routed.get("reason") == "Stopped")
    )


def _conditions(api: Api, model: Object) -> dict[str, Any]:
    status = api.get(model.body).get("status", {})
    return {each["type"]: each for each in status.get("conditions", [])}


def _made(api: Api, model: Object, release: str) -> Iterator[dict[str, Any]]:
    kinds = (*_KINDS, _MODEL) if release == "kserve-0.16" else _KINDS
    for api_version, kind in kinds:
        for body in api.list(api_version, kind):
            metadata = body["metadata"]
            owners = [one["name"] for one in metadata.get("ownerReferences", [])]
            ours = metadata.get("namespace") == model.namespace and model.name in owners
            if ours or _belongs(body, model):
                yield body


def _belongs(body: Mapping[str, Any], model: Object) -> bool:
    """A ClusterRoleBinding has no owner: nothing of a namespace can own it."""
    subjects = body.get("subjects", [])
    named = body["metadata"].get("labels", {}).get("app.kubernetes.io/name") == model.name
    return (
        "namespace" not in body["metadata"]
        and named
        and any(one.get("namespace") == model.namespace for one in subjects)
    )


def _differences(said: Any, made: Any, path: str) -> Iterator[str]:
    """Where `made` is not what was `said`, or says more than NOT_COMPARED leaves out."""
    if said is UNKNOWN:
        return
    if isinstance(said, Mapping) and isinstance(made, Mapping):
        for key in {**said, **made}:
            below = f"{path}.{key}"
            if key in said:
                yield from _differences(said[key], made.get(key), below)
            elif not any(re.fullmatch(known, below) for known in NOT_COMPARED):
                yield f"{below}: made {made[key]!r}, and nothing was said"
    elif isinstance(said, list) and isinstance(made, list):
        yield from _in_lists(said, made, path)
    elif _meaning(said) != _meaning(made):
        yield f"{path}: said {said!r}, made {made!r}"


def _in_lists(said: list[Any], made: list[Any], path: str) -> Iterator[str]:
    """Containers are compared by name, their ports by number, all else in order."""
    if path.endswith("ontainers"):
        ours, theirs = _by(said, "name"), _by(made, "name")
        for name in {**ours, **theirs}:
            below = f"{path}[{name}]"
            if name in ours:
                yield from _differences(ours[name], theirs.get(name), below)
            elif not any(re.fullmatch(known, below) for known in NOT_COMPARED):
                yield f"{below}: made, and nothing was said"
        return
    if path.endswith("].ports"):
        said, made = (list(_by(each, "containerPort").values()) for each in (said, made))
    if len(said) != len(made):
        yield f"{path}: said {said!r}, made {made!r}"
    for ours, theirs in zip(said, made, strict=False):
        yield from _differences(ours, theirs, f"{path}[]")


def _by(items: list[Any], key: str) -> dict[Any, Any]:
    return dict(sorted((one[key], one) for one in items))


def _meaning(value: Any) -> Any:
    """A picker's configuration is YAML in a text; the order of its plugins means nothing."""
    if not (isinstance(value, str) and "plugins" in value):
        return value
    read = yaml.safe_load(value)
    for part in (read, *read.get("schedulingProfiles", [])):
        part["plugins"] = sorted(part["plugins"], key=lambda one: sorted(map(str, one.values())))
    return read
