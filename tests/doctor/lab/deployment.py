"""The stack `lab` in the lab: what a deployment declares, and what a node would add to it.

Everything else (routes, pools, AuthConfigs, the filter, statuses) the released controllers write.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from modelgate.engine.in_process import evaluate
from modelgate.local.api import Api
from modelgate.local.lab import NAMESPACE, Lab
from modelgate.local.state import Folder
from modelgate.local.waiting import until
from tests.doctor.clusters import ROOT
from tests.doctor.lab import node
from tests.doctor.lab.traffic import status_with_key
from tests.doctor.live import Writer, collection
from tests.doctor.platform import base64, body

STACK = "lab"
GATEWAY_API = "gateway.networking.k8s.io"
INGRESS, GATEWAY = "openshift-ingress", "maas-gateway"
MODELS, NAME = "my-first-model", "qwen3-0-6b"
CLASS = body(f"{GATEWAY_API}/v1", "GatewayClass", "other")
DOOR = body(f"{GATEWAY_API}/v1", "Gateway", f"{INGRESS}/{GATEWAY}")
ROUTE = body(f"{GATEWAY_API}/v1", "HTTPRoute", f"{MODELS}/{NAME}-kserve-route")
POLICY = body("kuadrant.io/v1", "AuthPolicy", f"{INGRESS}/{GATEWAY}-auth")
SERVICE = body("serving.kserve.io/v1alpha2", "LLMInferenceService", f"{MODELS}/{NAME}")
PICKER = body("apps/v1", "Deployment", f"{MODELS}/{NAME}-kserve-router-scheduler")
PICKER_TLS = body("networking.istio.io/v1", "DestinationRule", f"{MODELS}/{NAME}-picker-tls")
KUADRANT = body("kuadrant.io/v1beta1", "Kuadrant", f"{NAMESPACE}/kuadrant")
SECONDS = 90
_KEY_LABELS = {
    "app.kubernetes.io/component": "api-key",
    "app.kubernetes.io/part-of": GATEWAY,
    "authorino.kuadrant.io/managed-by": "authorino",
}
_KEY_ANNOTATIONS = {"secret.kuadrant.io/user-id": "alice", "secret.kuadrant.io/plan-id": "standard"}
API_KEY = "sk-alice-0123456789"

Body = dict[str, Any]
Condition = tuple[str, str]
"""Status and reason."""


def project(folder: Path) -> Path:
    """The repository's stack `lab`, with the route that KServe makes instead of one of ours."""
    pulumi = {"name": "modelgate", "runtime": "python", "main": str(ROOT)}
    stack = yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())
    stack["config"]["modelgate:platform"]["models"][0]["route"] = "managed"
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(pulumi))
    (folder / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(stack))
    return folder


def key(namespace: str) -> Body:
    """The Secret of an API key, as it must be written to Kuadrant's namespace."""
    data = {"api_key": base64(API_KEY)}
    place = f"{namespace}/alice"
    return body("v1", "Secret", place, labels=_KEY_LABELS, annotations=_KEY_ANNOTATIONS, data=data)


class Deployment:
    """The stack as it runs in the lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.project = lab, folder
        self.api, self.writer = Api(lab.kubeconfig), Writer(lab.kubeconfig)
        self._certificates = lab.kubeconfig.parent / "certs"
        self._processes = Folder(lab.controllers.kubeconfig.parent)

    def deploy(self) -> None:
        """What is declared, its certificate and key, and a pod and an address for the gateway."""
        self.writer.create(body("v1", "Namespace", INGRESS))
        for obj in evaluate(self.project, STACK).objects:
            self.writer.create(json.loads(json.dumps(obj.body)))
        self.writer.create(self._certificate())
        self.writer.create(key(NAMESPACE))
        assert until(self.settled, SECONDS), self.conditions()
        gateway = self.api.get(DOOR)
        self.writer.set_status(node.with_address(gateway))
        pod = node.pod_of(gateway)
        self.writer.create(pod)
        assert until(lambda: _is_ready(self.api.get(pod)), SECONDS)

    def remove(self) -> None:
        """All of it, and wait until namespaces and KServe's objects are gone too."""
        self.writer.clear()
        kinds = ((f"{GATEWAY_API}/v1", "HTTPRoute"), ("v1", "Pod"), ("apps/v1", "Deployment"))
        assert until(lambda: not any(self.api.list(*kind) for kind in kinds), SECONDS)
        self.writer.remove_namespaces(MODELS, INGRESS)

    def _certificate(self) -> Body:
        data = {
            f"tls.{part}": base64((self._certificates / f"apiserver.{part}").read_text())
            for part in ("crt", "key")
        }
        place = f"{INGRESS}/{GATEWAY}-tls"
        return body("v1", "Secret", place, type="kubernetes.io/tls", data=data)

    @contextmanager
    def changed(self, one: Body, **spec: Any) -> Iterator[None]:
        """With other fields in its spec (None takes one away), as if edited by hand."""
        before = self.api.get(one)["spec"]
        self._replace(one, spec)
        try:
            yield
        finally:
            self._replace(one, {name: before.get(name) for name in spec})

    def _replace(self, one: Body, spec: Mapping[str, Any]) -> None:
        there = self.api.get(one)["spec"]
        patch = [
            {"op": "add", "path": f"/spec/{name}", "value": value}
            if value is not None
            else {"op": "remove", "path": f"/spec/{name}"}
            for name, value in spec.items()
            if value is not None or name in there
        ]
        path = f"{collection(one)}/{one['metadata']['name']}"
        self.writer.request("PATCH", path, patch, "application/json-patch+json")

    @contextmanager
    def with_(self, *bodies: Body) -> Iterator[None]:
        """With further objects."""
        for one in bodies:
            self.api.create(one)
        try:
            yield
        finally:
            for one in reversed(bodies):
                self.api.delete(one)

    @contextmanager
    def without(self, one: Body) -> Iterator[None]:
        """Without an object, which comes back as it was made."""
        before = self.api.get(one)
        kept = ("name", "namespace", "labels", "annotations")
        metadata = {name: before["metadata"][name] for name in kept if name in before["metadata"]}
        self.api.delete(one)
        try:
            yield
        finally:
            self.api.create({**before, "metadata": metadata})

    def conditions(self) -> dict[str, Condition]:
        """`Kind name Type` to what it is, for everything that has to hold; the filter as one."""
        found: dict[str, Condition] = {}
        for api_version, kind, types in (
            ("serving.kserve.io/v1alpha2", "LLMInferenceService", ("Ready",)),
            ("kuadrant.io/v1beta1", "Kuadrant", ("Ready",)),
            ("kuadrant.io/v1", "AuthPolicy", ("Accepted", "Enforced")),
            ("kuadrant.io/v1", "RateLimitPolicy", ("Accepted", "Enforced")),
            ("kuadrant.io/v1alpha1", "TokenRateLimitPolicy", ("Accepted", "Enforced")),
            (f"{GATEWAY_API}/v1", "HTTPRoute", ("Accepted", "ResolvedRefs")),
        ):
            for one in self.api.list(api_version, kind):
                place = f"{kind} {one['metadata']['name']}"
                found |= {f"{place} {type_}": _condition(one, type_) for type_ in types}
        return found

    def filters(self) -> set[str]:
        """The names of Kuadrant's filters."""
        listed = self.api.list("networking.istio.io/v1alpha3", "EnvoyFilter")
        found = {one["metadata"]["name"] for one in listed}
        return {f"kuadrant-{GATEWAY}"} & found

    def picker(self) -> Body:
        """The pod of the picker, without a name while there is none."""
        labels = self.api.get(PICKER)["spec"]["selector"]["matchLabels"].items()
        for pod in self.api.list("v1", "Pod"):
            if labels <= pod["metadata"].get("labels", {}).items():
                return pod
        return {"metadata": {"name": "", "namespace": MODELS}}

    def process(self, pod: Body) -> int | None:
        """The number of the process that stands for a pod, while it runs."""
        status = self._processes.status()
        name = f"{pod['metadata']['namespace']}.{pod['metadata']['name']}"
        return status.pids.get(name) if status else None

    def admits_the_key(self) -> bool:
        """Whether Authorino lets a client with the API key pass."""
        path = f"/{MODELS}/{NAME}/v1/models"
        return status_with_key(self.lab, f"{INGRESS}/{GATEWAY}", path, API_KEY) == HTTPStatus.OK

    def answers(self, route: Body) -> list[Body]:
        """What gateways say of a route (Kuadrant's entries are of another kind)."""
        parents = self.api.get(route)["status"]["parents"]
        return [
            one for one in parents if any(each["type"] == "Accepted" for each in one["conditions"])
        ]

    def settled(self) -> bool:
        """Whether every controller says that all is well, and no pod is being replaced."""
        conditions = self.conditions()
        kinds = {name.partition(" ")[0] for name in conditions}
        there = {"LLMInferenceService", "Kuadrant", "AuthPolicy", "HTTPRoute"} <= kinds
        well = all(status == "True" for status, _ in conditions.values())
        return there and well and bool(self.filters()) and self._rolled_out()

    def _rolled_out(self) -> bool:
        wanted = sum(one["spec"]["replicas"] for one in self.api.list("apps/v1", "Deployment"))
        pods = [
            pod
            for pod in self.api.list("v1", "Pod")
            if any(
                one["kind"] == "ReplicaSet" for one in pod["metadata"].get("ownerReferences", [])
            )
        ]
        return len(pods) == wanted and all(map(_is_ready, pods))

    def reason(self, name: str) -> str:
        return self.conditions().get(name, ("", ""))[1]


def _is_ready(pod: Body) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _condition(one: Mapping[str, Any], type_: str) -> Condition:
    """Of the object, or of the gateway controller's answer to a route; the worst there is."""
    status = one.get("status", {})
    holders = [status, *status.get("parents", [])]
    found = [
        (each["status"], each.get("reason", ""))
        for holder in holders
        for each in holder.get("conditions", [])
        if each["type"] == type_
    ]
    return min(found, default=("", ""))
