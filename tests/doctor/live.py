"""A cluster of `clusters` on a real API server: every object created, every status set.

Definitions are there already; kinds that OpenShift brings are not.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from modelgate.doctor.api import Api
from tests.doctor.clusters import Cluster, kind_of

Body = dict[str, Any]
THERE = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
MERGE = "application/merge-patch+json"
NAMESPACES = "/api/v1/namespaces"
NOW = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
"""Without a kubelet a pod that is asked to end never does."""


class Writer:
    """Creates objects as whoever owns them does, and takes them away again."""

    def __init__(self, kubeconfig: Path) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)
        settings.proxy = None  # this API is on this machine
        self.client = client.ApiClient(settings)
        self._created: list[tuple[str, str]] = []
        self._uids: dict[tuple[str, str], str] = {}

    @property
    def api(self) -> Api:
        return Api("local", DynamicClient(self.client, discoverer=lambda _client, _file: None))

    def request(self, method: str, path: str, body: Any = None, kind: str = "") -> Body:
        headers = {"Accept": "application/json", "Content-Type": kind or "application/json"}
        request = self.client.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        response = self.client.call_api(*request)
        data = response.read()
        if not 200 <= response.status < 300:
            raise ApiException(status=response.status, reason=data.decode()[:500])
        answer: Body = json.loads(data)
        return answer

    def create(self, body: Mapping[str, Any]) -> None:
        """Create an object with its status; what is there already, or is of no kind here, stays."""
        wanted = {key: value for key, value in body.items() if key != "status"}
        metadata = dict(wanted["metadata"])
        owners = metadata.pop("ownerReferences", [])
        known = [(owner, self._uids.get((owner["kind"], owner["name"]))) for owner in owners]
        if known:
            metadata["ownerReferences"] = [{**owner, "uid": uid} for owner, uid in known if uid]
        try:
            created = self.request("POST", collection(body), {**wanted, "metadata": metadata})
        except ApiException as error:
            if error.status in THERE:
                return
            raise
        self._uids[body["kind"], metadata["name"]] = created["metadata"]["uid"]
        self._created.append((collection(body), metadata["name"]))
        if body.get("status"):
            self.set_status(body)

    def set_status(self, body: Mapping[str, Any]) -> None:
        path = f"{collection(body)}/{body['metadata']['name']}/status"
        self.request("PATCH", path, {"status": body["status"]}, MERGE)

    def patch(self, body: Mapping[str, Any], change: Mapping[str, Any]) -> None:
        path = f"{collection(body)}/{body['metadata']['name']}"
        self.request("PATCH", path, change, MERGE)

    def delete(self, body: Mapping[str, Any]) -> None:
        self.request("DELETE", f"{collection(body)}/{body['metadata']['name']}", NOW)

    def clear(self) -> None:
        """Remove what was created, but for namespaces: these take their time to go."""
        for path, name in reversed(self._created):
            if path == NAMESPACES:
                continue
            try:
                self.request("DELETE", f"{path}/{name}", NOW)
            except ApiException as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
        self._created.clear()

    def remove_namespaces(self, *names: str) -> None:
        """Remove namespaces with all that is in them, and wait until they are gone."""
        for name in names:
            try:
                gone = self.request("DELETE", f"{NAMESPACES}/{name}")
            except ApiException as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                continue
            events = self.api.lines(
                NAMESPACES,
                watch="true",
                fieldSelector=f"metadata.name={name}",
                resourceVersion=gone["metadata"]["resourceVersion"],
            )
            assert any(json.loads(event)["type"] == "DELETED" for event in events)


def collection(body: Mapping[str, Any]) -> str:
    """The path of the list that the object is in."""
    version = body["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    namespace = body["metadata"].get("namespace")
    return f"{root}{f'/namespaces/{namespace}' if namespace else ''}/{kind_of(body).plural}"


def rank(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """Namespaces first, owners before what they own."""
    return body["kind"] != "Namespace", "ownerReferences" in body["metadata"]


@contextmanager
def running(cluster: Cluster, kubeconfig: Path) -> Iterator[Writer]:
    """The cluster on the API server of `kubeconfig`, until the end of the block."""
    writer = Writer(kubeconfig)
    try:
        for body in sorted(cluster.objects.values(), key=rank):
            if body["kind"] != "CustomResourceDefinition":
                writer.create(body)
        yield writer
    finally:
        writer.clear()
