"""When a definition is installed, its kind is served: the API server says yes too early.

After a CustomResourceDefinition is created, its path answers 404 for some seconds, and its
`Established` condition can be missing altogether, so each path itself is asked.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from modelgate.builds import Progress, silent
from modelgate.builds.progress import Step
from modelgate.errors import ModelgateError

_SERVED_SECONDS = 180
_DIGEST = "modelgate/digest"  # annotation: what was installed, so that it is not sent again


@dataclass(frozen=True)
class _Definition:
    name: str
    body: dict[str, Any]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()

    @property
    def served(self) -> list[tuple[str, str, str]]:
        """Group, version and plural of everything that it serves."""
        spec = self.body["spec"]
        versions = [version["name"] for version in spec["versions"] if version["served"]]
        return [(spec["group"], version, spec["names"]["plural"]) for version in versions]


def install_crds(kubeconfig: Path, files: Sequence[Path], progress: Progress = silent) -> None:
    """Install every CustomResourceDefinition of `files` and wait until each version is served.

    Server-side apply: the annotation of a client-side one has no room for KServe's megabytes.
    What is there already is brought to the state of the file. Other kinds in `files` are left
    out. A definition that cannot follow another version of itself (stored versions may not go)
    takes its place if it holds no objects. Raises ModelgateError when the API refuses one,
    does not serve it within 3 minutes, or cannot be reached.
    """
    definitions = [found for path in files for found in _read(path)]
    step = Step(progress, "install the custom resource definitions")
    with _api(kubeconfig) as api, _reached(kubeconfig):
        there = _installed(api)
        missing = [each for each in definitions if there.get(each.name) != each.digest]
        for count, definition in enumerate(missing):
            step.going(detail=f"{count} of {len(missing)}: {definition.name}")
            _install(api, definition, step)
        for definition in definitions:
            for resource in definition.served:
                _wait_served(api, resource, step)
    step.done(f"{len(definitions)} definitions")


@contextmanager
def _reached(kubeconfig: Path) -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        raise ModelgateError(
            f"the API server of {kubeconfig} does not answer: {error}",
            "start it again (modelgate local up), and repeat the command",
        ) from error


def _api(kubeconfig: Path) -> client.ApiClient:
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=settings)
    settings.proxy = None  # this API is on this machine
    settings.retries = 0
    return client.ApiClient(settings)


def _read(path: Path) -> Iterator[_Definition]:
    with path.open() as file:
        for document in yaml.load_all(file, yaml.CSafeLoader):
            if document and document.get("kind") == "CustomResourceDefinition":
                yield _Definition(document["metadata"]["name"], document)


def _installed(api: client.ApiClient) -> dict[str, str]:
    """The digests of what earlier calls have installed, by name; without the bodies."""
    answer: Any = client.ApiextensionsV1Api(api).list_custom_resource_definition(
        _headers={"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
        _preload_content=False,
    )
    items = json.loads(answer.data)["items"] or []  # null where there are none
    return {
        item["metadata"]["name"]: item["metadata"].get("annotations", {}).get(_DIGEST, "")
        for item in items
    }


def _install(api: client.ApiClient, definition: _Definition, step: Step) -> None:
    try:
        try:
            _apply(api, definition)
        except ApiException as error:
            if error.status != HTTPStatus.UNPROCESSABLE_ENTITY or not _empty(api, definition):
                raise
            _remove(api, definition, step)
            _apply(api, definition)
    except ApiException as error:
        raise ModelgateError(
            f"CustomResourceDefinition {definition.name} was refused: "
            f"{error.status} {error.reason}: {str(error.body)[:500]}",
            "another version of it holds objects: destroy that stack first, or start with an "
            "empty API (modelgate local up --reset)",
        ) from error


def _apply(api: client.ApiClient, definition: _Definition) -> None:
    metadata = definition.body["metadata"]
    annotations = {**metadata.get("annotations", {}), _DIGEST: definition.digest}
    client.ApiextensionsV1Api(api).patch_custom_resource_definition(
        definition.name,
        {**definition.body, "metadata": {**metadata, "annotations": annotations}},
        field_manager="modelgate",
        force=True,
        _content_type="application/apply-patch+yaml",
        _preload_content=False,
    )


def _empty(api: client.ApiClient, definition: _Definition) -> bool:
    """Whether it is known that there are no objects of the kind."""
    listing: Any = client.CustomObjectsApi(api).list_cluster_custom_object
    known = [resource for resource in definition.served if _served(api, resource)]
    return bool(known) and not any(listing(*resource, limit=1)["items"] for resource in known)


def _remove(api: client.ApiClient, definition: _Definition, step: Step) -> None:
    definitions = client.ApiextensionsV1Api(api)
    definitions.delete_custom_resource_definition(definition.name, _preload_content=False)
    while definition.name in _installed(api):
        step.going(detail=f"wait for the end of the other {definition.name}")
        time.sleep(0.5)


def _wait_served(api: client.ApiClient, resource: tuple[str, str, str], step: Step) -> None:
    deadline = time.monotonic() + _SERVED_SECONDS
    what = "/".join(resource)
    while not _served(api, resource):
        if time.monotonic() > deadline:
            raise ModelgateError(
                f"{what} is not served {_SERVED_SECONDS} s after its definition was installed",
                "look at the definition's status.conditions; on a busy machine, try again",
            )
        step.going(detail=f"wait for {what}")
        time.sleep(0.5)


def _served(api: client.ApiClient, resource: tuple[str, str, str]) -> bool:
    try:
        client.CustomObjectsApi(api).list_cluster_custom_object(*resource, limit=1)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True
