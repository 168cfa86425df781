"""Whole clusters as data: a stack deployed, its controllers done, every status as they set it.

What is declared comes from the program, what KServe and odh-model-controller make from the
derivation; the rest (pods, Kuadrant's own objects, statuses) is written here.
"""

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from modelgate.doctor.access_log import Line
from modelgate.doctor.cleaning import clean
from modelgate.doctor.kinds import WANTED, Kind
from modelgate.doctor.snapshot import Certificate, Declared, PickerLog, Probed, Snapshot, Upstream
from modelgate.engine.in_process import evaluate
from modelgate.releases import shadow_service
from modelgate.topology.derive import derive
from modelgate.topology.objects import UNKNOWN, Object, group_of
from modelgate.topology.settings import Settings
from modelgate.versions import table
from tests.doctor import platform

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMESPACE = "my-first-model"
NAME = "qwen3-0-6b"
MODEL = "Qwen/Qwen3-0.6B"
GATEWAY = "openshift-ingress/maas-gateway"
PREFIX = f"/{NAMESPACE}/{NAME}"

VERSIONS: Mapping[str, Mapping[str, str]] = {
    "3.2": {"openshift": "4.20", "istio": "1.26.8", "kuadrant": "1.5.3", "gatewayApi": "1.4.0"},
    "3.4": {"openshift": "4.22", "istio": "1.28.5", "kuadrant": "1.5.3", "gatewayApi": "1.5.1"},
    "3.5": {"openshift": "4.22", "istio": "1.28.5", "kuadrant": "1.5.3", "gatewayApi": "1.5.1"},
}
"""Releases of which there is a healthy cluster, and what runs beside them."""


def settings(release: str, **more: Any) -> dict[str, Any]:
    """A stack with one model behind one gateway; `more` are further settings."""
    return {
        "release": release,
        "versions": dict(VERSIONS[release]),
        "gateway": {
            "hostname": "maas.example.com",
            "certificate": "maas-gateway-tls",
            "access": {"keys": [{"id": "alice", "user": "alice", "tier": "standard"}]},
        },
        "models": [
            {
                "name": NAME,
                "namespace": NAMESPACE,
                "uri": f"hf://{MODEL}",
                "replicas": 2,
                "route": "managed",
            }
        ],
        **more,
    }


@cache
def _declared(text: str, stack: str) -> tuple[Object, ...]:
    """What the repository's program declares for settings given as JSON."""
    keys = {"modelgate:platform": json.loads(text)}
    keys["modelgate:apiKeyValues"] = {"alice": {"secure": "v1:not:opened"}}
    with TemporaryDirectory() as folder:
        project = Path(folder)
        pulumi = {"name": "modelgate", "runtime": "python", "main": str(ROOT)}
        (project / "Pulumi.yaml").write_text(yaml.safe_dump(pulumi))
        (project / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": keys}))
        return evaluate(project, stack).objects


@dataclass
class Cluster:
    """A cluster that a test may break: `objects` by `Kind ns/name` (the group before it if twice).

    `access` and `upstreams` by gateway pod, `pickers` by picker pod, as in a Snapshot.
    """

    release: str
    objects: dict[str, dict[str, Any]]
    declared: Declared
    certificates: dict[str, Certificate] = field(default_factory=dict)
    access: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    pickers: dict[str, PickerLog] = field(default_factory=dict)
    upstreams: dict[str, tuple[Upstream, ...]] | None = None
    probed: tuple[Probed, ...] | None = None
    environment: str = "production"
    unserved: set[Kind] = field(default_factory=set)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.objects[name]

    def add(self, body: Mapping[str, Any]) -> None:
        self.objects[_key(body)] = dict(body)

    def snapshot(self) -> Snapshot:
        """What the doctor would see; a Secret's values are never part of it."""
        seen = [
            body
            for body in self.objects.values()
            if _read(body) and kind_of(body) not in self.unserved
        ]
        objects = [_object(body) for body in seen]
        objects.sort(key=lambda obj: (obj.group, obj.kind, obj.namespace, obj.name))
        return Snapshot(
            cluster=f"openshift-ai-{self.release}",
            at=AT,
            objects=tuple(objects),
            served={k: v for k, v in _served(seen).items() if k not in self.unserved},
            settings=Settings(self.environment, today=date(2026, 11, 24)),
            declared=self.declared,
            access=self.access,
            pickers=self.pickers,
            certificates=self.certificates,
            upstreams=self.upstreams,
            probed=self.probed,
        )


def cluster(release: str, stack: str = "prod", **more: Any) -> Cluster:
    """A healthy cluster of that release on which the stack runs."""
    declared = _declared(json.dumps(settings(release, **more)), stack)
    profile, istio = table().release(release), VERSIONS[release]["istio"]
    made = derive(declared, profile, istio)
    versions = _stated(release)
    found = Cluster(release, {}, Declared(stack, declared, versions))
    bodies = [copy.deepcopy(dict(obj.body)) for obj in declared]
    children = [platform.owned(copy.deepcopy(dict(obj.body)), obj.derived_from) for obj in made]
    for body in (*bodies, *children, *platform.operators(versions), *platform.platform()):
        found.add(_filled_in(body))
    for body in platform.kuadrants_own(found.objects.values(), versions["kuadrant"]):
        found.add(body)
    for body in platform.pods(found.objects.values(), MODEL):
        found.add(body)
    for body in found.objects.values():
        platform.set_status(body, profile)
    found.certificates["openshift-ingress/maas-gateway-tls"] = Certificate(
        ("maas.example.com",), AT.replace(month=10), AT.replace(year=2027)
    )
    _traffic(found, profile.picker.inference_extension)
    return found


def _stated(release: str) -> dict[str, str]:
    names = {"gatewayApi": "gateway-api"}
    versions = {names.get(key, key): value for key, value in VERSIONS[release].items()}
    return {"openshift-ai": release, **versions}


def _key(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    place = "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
    older = body["apiVersion"].startswith("inference.networking.x-k8s.io/")
    return f"{'x/' if older else ''}{body['kind']} {place}"


def _filled_in(body: dict[str, Any]) -> dict[str, Any]:
    """Without the leaves that only an update fills in: the values of Secrets."""
    if "stringData" in body:
        del body["stringData"]
        body["data"] = {"api_key": platform.base64(platform.API_KEY)}
    assert not _unknown(body)
    return body


def _unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_unknown(item) for item in value.values())
    return any(map(_unknown, value)) if isinstance(value, list) else value is UNKNOWN


def _object(body: Mapping[str, Any]) -> Object:
    metadata = body["metadata"]
    place = metadata.get("namespace", ""), metadata["name"]
    return Object(body["apiVersion"], body["kind"], *place, clean(copy.deepcopy(dict(body))))


PLURALS = {"GatewayClass": "gatewayclasses", "NetworkPolicy": "networkpolicies"}


def kind_of(body: Mapping[str, Any]) -> Kind:
    name = body["kind"]
    plural = PLURALS.get(name) or f"{name.lower()}s".replace("policys", "policies")
    return Kind(name, group_of(body["apiVersion"]), plural)


def _served(bodies: Iterable[Mapping[str, Any]]) -> dict[Kind, tuple[str, ...]]:
    """Every kind there is an object of, and those that a platform serves without one."""
    found = {kind_of(body): (body["apiVersion"].rpartition("/")[2],) for body in bodies}
    return {**found, **platform.SERVED}


def _read(body: Mapping[str, Any]) -> bool:
    """Whether the doctor reads the kind at all."""
    kind = kind_of(body)
    names = WANTED.get(kind.group, frozenset())
    return names is None or kind.name in names


def _traffic(found: Cluster, picker: str) -> None:
    """Twenty completions through the pool, all of which the picker says it received."""
    gateway = platform.pod_name(found.objects, "maas-gateway")
    scheduler = platform.pod_name(found.objects, f"{NAME}-kserve-router-scheduler")
    lines = tuple(line(second) for second in range(20))
    models = line(30, path="/v1/models", to=f"outbound|8000||{NAME}-kserve-workload-svc")
    found.access[gateway] = (*lines, replace(models, method="GET"))
    received = tuple(one.time for one in lines) if picker >= "1.4" else ()
    found.pickers[scheduler] = PickerLog(AT.replace(hour=9), received, received, listening=True)


def line(second: int, path: str = "/v1/chat/completions", to: str = "", **more: Any) -> Line:
    """An access log line of a completion that was answered, through the pool unless `to` says."""
    pool = f"outbound|54321||{shadow_service(f'{NAME}-inference-pool')}"
    values: dict[str, Any] = {
        "time": AT.replace(hour=11, minute=second // 60, second=second % 60),
        "method": "POST",
        "path": f"{PREFIX}{path}",
        "status": 200,
        "details": "via_upstream",
        "received": 106,
        "sent": 656,
        "duration": 694,
        "authority": "maas.example.com",
        "pod": f"10.128.16.{25 + second % 2}:8000",
        "cluster": f"{to or pool}.{NAMESPACE}.svc.cluster.local",
        "route": f"{NAMESPACE}.{NAME}-kserve-route.1",
    }
    return Line(**{**values, **more})
