"""The API server asked to take an object strictly, and to keep nothing of it."""

import json
from http import HTTPStatus
from typing import Any

from kubernetes import client, config

from modelgate.local import Status

Body = dict[str, Any]
STRICT = [("dryRun", "All"), ("fieldValidation", "Strict"), ("fieldManager", "modelgate")]


class StrictApi:
    """Server-side dry runs with `fieldValidation=Strict`: an unknown field is an error."""

    def __init__(self, status: Status) -> None:
        settings = client.Configuration()
        config.load_kube_config(str(status.kubeconfig), client_configuration=settings)
        self._api = client.ApiClient(settings)

    def refusal(self, body: Body) -> str:
        """What the API server says against `body`; empty where it takes it."""
        namespace = body["metadata"].get("namespace")
        folder = f"/namespaces/{namespace}" if namespace else ""
        path = f"{_root(body['apiVersion'])}{folder}/{_plural(body['kind'])}"
        status, answer = self._call("POST", path, STRICT, body)
        return "" if status == HTTPStatus.CREATED else str(answer["message"])

    def have_namespace(self, name: str) -> None:
        """Dry runs need the namespace itself to be there."""
        status, answer = self._call("POST", "/api/v1/namespaces", [], {"metadata": {"name": name}})
        assert status in (HTTPStatus.CREATED, HTTPStatus.CONFLICT), answer

    def _call(
        self, method: str, path: str, query: list[tuple[str, str]], body: Body | None
    ) -> tuple[int, Any]:
        request = self._api.param_serialize(
            method,
            path,
            query_params=query,
            header_params={"Content-Type": "application/json", "Accept": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._api.call_api(*request)
        return response.status, json.loads(response.read() or b"{}")


def _plural(kind: str) -> str:
    """The resource of a kind; discovery would answer, but some seconds after the path does."""
    word = kind.lower()
    if word.endswith("y") and not word.endswith("way"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
