"""Any object of any served kind, as plain data; the API server's refusal is said in its words."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes import config
from kubernetes.client.exceptions import ApiException

from modelgate.errors import ModelgateError

Body = Mapping[str, Any]


class Api:
    """The API server of a kubeconfig. Every method raises ModelgateError when it is refused."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}

    def list(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind, of all namespaces."""
        items = self._call("GET", self._path(api_version, kind))["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in items]

    def get(self, body: Body) -> dict[str, Any]:
        """What is stored as the object that `body` names."""
        return self._call("GET", self._object(body))

    def create(self, body: Body) -> dict[str, Any]:
        """Store a new object; one of its name that exists already is left as it is."""
        path = self._path(body["apiVersion"], body["kind"], _namespace(body))
        try:
            return self._call("POST", path, dict(body))
        except _RefusedError as refused:
            if refused.status != HTTPStatus.CONFLICT:
                raise
            return self.get(body)

    def delete(self, body: Body) -> None:
        """Remove an object; it is no error that it is gone."""
        try:
            self._call("DELETE", self._object(body))
        except _RefusedError as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    def patch_status(self, body: Body, status: Body) -> None:
        """Merge `status` into the object's status, and nothing else; it may be gone."""
        path = self._object(body) + "/status"
        try:
            self._call("PATCH", path, {"status": dict(status)}, "application/merge-patch+json")
        except _RefusedError as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    def _object(self, body: Body) -> str:
        folder = self._path(body["apiVersion"], body["kind"], _namespace(body))
        return f"{folder}/{body['metadata']['name']}"

    def _path(self, api_version: str, kind: str, namespace: str = "") -> str:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if kind not in self._kinds.get(root, {}):
            listed = self._call("GET", root)["resources"]
            self._kinds[root] = {
                item["kind"]: (item["name"], item["namespaced"])
                for item in listed
                if "/" not in item["name"]
            }
        if kind not in self._kinds[root]:
            raise ModelgateError(f"the API serves no {kind} of {api_version}", "install its CRD")
        plural, namespaced = self._kinds[root][kind]
        return (
            f"{root}/namespaces/{namespace}/{plural}"
            if namespaced and namespace
            else (f"{root}/{plural}")
        )

    def _call(
        self, method: str, path: str, body: object = None, content: str = "application/json"
    ) -> dict[str, Any]:
        try:
            response = self._client.call_api(
                path,
                method,
                header_params={"Accept": "application/json", "Content-Type": content},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
            )
        except ApiException as error:
            raise _RefusedError(method, path, error) from error
        answer: dict[str, Any] = json.loads(response[0].data)
        return answer


class _RefusedError(ModelgateError):
    def __init__(self, method: str, path: str, error: ApiException) -> None:
        self.status = error.status
        said = str(error.body or error.reason)
        if said.startswith("{"):
            said = json.loads(said).get("message", said)
        super().__init__(f"the API server refuses {method} {path}: {said}", "mend the object")


def _namespace(body: Body) -> str:
    return str(body["metadata"].get("namespace", ""))
