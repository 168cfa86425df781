"""Any object of any served kind, as plain data; the API server's refusal is said in its words."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from modelgate.errors import ModelgateError

Body = Mapping[str, Any]
_IDLE_SECONDS = 20


class Api:
    """The API server of a local control plane, over one connection.

    Every method raises ModelgateError when it is refused, OSError when nobody answers.
    """

    def __init__(self, kubeconfig: Path) -> None:
        told = yaml.safe_load(kubeconfig.read_text())
        cluster, user = told["clusters"][0]["cluster"], told["users"][0]["user"]
        trust = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._headers = {"Authorization": f"Bearer {user['token']}"}
        self._connection = http.client.HTTPSConnection(
            urlsplit(cluster["server"]).netloc,
            timeout=60,
            context=ssl.create_default_context(cadata=trust),
        )
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}
        self._used = time.monotonic()
        self.port = int(urlsplit(cluster["server"]).port or 443)

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

    def delete(self, body: Body, grace_seconds: int | None = None) -> None:
        """Remove an object; it is no error that it is gone. A pod may be given seconds to end."""
        options = {"gracePeriodSeconds": grace_seconds} if grace_seconds is not None else None
        try:
            self._call("DELETE", self._object(body), options)
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
        headers = {**self._headers, "Content-Type": content}
        if time.monotonic() > self._used + _IDLE_SECONDS:
            self._connection.close()  # the API server has, or is about to
        self._used = time.monotonic()
        try:
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            response = self._connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens a new one
            raise
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _RefusedError(method, path, response.status, said.decode(errors="replace"))
        answer: dict[str, Any] = json.loads(said)
        return answer


class _RefusedError(ModelgateError):
    def __init__(self, method: str, path: str, status: int, said: str) -> None:
        self.status = status
        words = json.loads(said)["message"] if said.startswith("{") else said
        super().__init__(f"the API server refuses {method} {path}: {words}", "mend the object")


def _namespace(body: Body) -> str:
    return str(body["metadata"].get("namespace", ""))
