"""The API server as the stand-in needs it: plain JSON in and out, errors as sentences.

The official client brings kubeconfig, certificates and tokens; its typed and dynamic halves rename
`x-kubernetes-*` keys and cache discovery by host in /tmp, so requests are made one level below.
"""

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
CONNECT_SECONDS, READ_SECONDS = 3.0, 60.0
DOWN_SECONDS = 10.0  # a server that does not answer is not asked again for every resource


class UnreachableError(Exception):
    """No usable kubeconfig, or nobody answers there."""


class RefusedError(Exception):
    """The API server answered with an error: a `Status` object."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message") or f"HTTP status {status}"))
        self.status = status
        self.reason = str(body.get("reason") or "")
        details = body.get("details")
        self.details: Mapping[str, Any] = details if isinstance(details, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Settings:
    """Which cluster: kubeconfig text or path (empty: KUBECONFIG), context, default namespace."""

    kubeconfig: str = field(default="", repr=False)
    context: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API: where its objects are."""

    path: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        group, _, plural = self.path.rpartition("/")
        return f"{group}/namespaces/{namespace}/{plural}" if self.namespaced else self.path

    def item(self, namespace: str, name: str) -> str:
        return f"{self.collection(namespace)}/{name}"


class Cluster:
    """One cluster; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.namespace = settings.namespace
        self.host = ""
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        self._api: Any = None
        self._problem = ""
        self._down_until = 0.0
        text = settings.kubeconfig
        # The client reads KUBECONFIG only once, when it is imported.
        text = text or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
        try:
            self._load(settings, text)
        except (config.ConfigException, OSError, yaml.YAMLError, *MALFORMED) as error:
            where = "" if "\n" in text else f" ({text})"
            self._problem = f"no usable kubeconfig{where}: {error}"

    def _load(self, settings: Settings, text: str) -> None:
        options: Any = client.Configuration()
        options.retries = False
        document = yaml.safe_load(text) if "\n" in text or text.startswith("{") else None
        load: dict[str, Any] = {
            "context": settings.context or None,
            "client_configuration": options,
        }
        if document is not None:
            config.load_kube_config_from_dict(document, **load)
        else:
            config.load_kube_config(text, persist_config=False, **load)
        self.namespace = settings.namespace or _context_namespace(document, text, settings.context)
        self.host = options.host
        if urlsplit(options.host).hostname in LOOPBACK:
            options.proxy = None
        self._api = client.ApiClient(options)

    def require(self) -> None:
        """Raises UnreachableError with the reason."""
        self.request("GET", "/version")

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """The resource of `kind`, or None where the API server does not know it."""
        with self._lock:
            kinds = self._kinds.get(api_version)
        if kinds is None or kind not in kinds:
            kinds = self._discover(api_version)
            with self._lock:
                self._kinds[api_version] = kinds
        return kinds.get(kind)

    def forget_kinds(self) -> None:
        """To be called when a CustomResourceDefinition came or went."""
        with self._lock:
            self._kinds.clear()

    def _discover(self, api_version: str) -> dict[str, Kind]:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listing = self.request("GET", root)
        except RefusedError as refused:
            if refused.status == 404:
                return {}
            raise
        return {
            entry["kind"]: Kind(f"{root}/{entry['name']}", bool(entry["namespaced"]))
            for entry in listing.get("resources", [])
            if "/" not in entry["name"]
        }

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = JSON,
        **query: str | bool,
    ) -> dict[str, Any]:
        """One request. Raises UnreachableError and RefusedError."""
        if self._api is None or time.monotonic() < self._down_until:
            raise UnreachableError(self._problem)
        words = {
            key: str(value).lower() if value is True else value for key, value in query.items()
        }
        parameters = {key: value for key, value in words.items() if value not in ("", False)}
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        headers = {"Accept": JSON, "Content-Type": content_type}
        text = json.dumps(body) if content_type == APPLY else body
        try:
            call = self._api.param_serialize(
                method, target, header_params=headers, body=text, auth_settings=["BearerToken"]
            )
            answer = self._api.call_api(*call, _request_timeout=(CONNECT_SECONDS, READ_SECONDS))
            data = answer.read()
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            self._problem = f"{self.host}: {_short(error)}"
            self._down_until = time.monotonic() + DOWN_SECONDS
            raise UnreachableError(self._problem) from None
        return _parsed(answer.status, data)


def _context_namespace(document: Any, path: str, context: str) -> str:
    """The namespace of the kubeconfig's context; `default` where it names none."""
    if isinstance(document, dict):
        contexts = {entry["name"]: entry["context"] for entry in document.get("contexts") or []}
        current = contexts.get(context or document.get("current-context")) or {}
    else:
        found, active = config.list_kube_config_contexts(path)
        named = [entry for entry in found if entry["name"] == context] if context else [active]
        current = named[0]["context"] if named else {}
    return str(current.get("namespace") or "default")


def _parsed(status: int, data: bytes | None) -> dict[str, Any]:
    try:
        body = json.loads(data or b"{}")
    except ValueError:
        body = {"message": (data or b"").decode(errors="replace")[:200]}
    if not isinstance(body, dict):
        body = {}
    if not 200 <= status < 300:
        raise RefusedError(status, body)
    return body


def _short(error: Exception) -> str:
    """The innermost cause, without the client's own words: `[Errno 111] Connection refused`."""
    text = str(getattr(error, "reason", None) or error)
    return text.rpartition(": ")[2].strip() or type(error).__name__
