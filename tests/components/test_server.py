"""A real API server takes every object that any supported release is given, without a complaint.

The custom resource definitions are those that the projects publish; where `../shared/reference`
is there, also those of each OpenShift AI release.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.stack import ModelStack
from modelgate import local, versions
from modelgate.config import StackConfig
from modelgate.local.crds import install_crds
from tests.components.api import Body, StrictApi
from tests.components.recording import objects, record
from tests.components.samples import API_KEYS, RELEASES, everything, ten_lines
from tests.components.test_goldens import hidden
from tests.plugins.control_plane import ControlPlane, Told

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "crds"
OPENSHIFT_AI = {"3.0": "3.0", "3.2": "3.3", "3.3": "3.3", "3.4": "3.4", "3.5": "3.5"}
"""The published definition that holds for a release; 3.2 and 3.3 have the same fields."""


def bodies(config: StackConfig) -> list[Body]:
    """What is declared, with a made-up value for each secret."""
    registered = record(lambda: ModelStack("platform", config, API_KEYS))
    found = [hidden(one.inputs) for one in objects(registered).values()]
    for body in found:
        if body["kind"] == "Secret":
            body["stringData"] = {"api_key": "sk-made-up"}
    return found


def refusals(api: StrictApi, declared: list[Body]) -> dict[str, str]:
    """What the API server refuses, by `Kind name`."""
    for body in declared:
        if "namespace" in body["metadata"]:
            api.have_namespace(body["metadata"]["namespace"])
    declared = [body for body in declared if body["kind"] != "Namespace"]
    said = {f"{body['kind']} {body['metadata']['name']}": api.refusal(body) for body in declared}
    assert len(said) > 8
    return {name: text for name, text in said.items() if text}


@pytest.mark.parametrize("release", RELEASES)
def test_every_object_is_taken(release: str, control_plane: ControlPlane) -> None:
    profile = versions.table().release(release).crd_profile
    api = StrictApi(control_plane(profile))
    assert refusals(api, bodies(ten_lines(release))) == {}
    assert refusals(api, bodies(everything(release))) == {}


def test_a_misspelt_field_is_refused(control_plane: ControlPlane) -> None:
    """So the test above can fail."""
    api = StrictApi(control_plane("kserve-0.20"))
    body = next(one for one in bodies(ten_lines("3.4")) if one["kind"] == "AuthPolicy")
    body["spec"]["overides"] = body["spec"].pop("overrides")
    assert 'unknown field "spec.overides"' in api.refusal(body)


@pytest.fixture(params=["3.0", "3.3", "3.4", "3.5"])
def published(request: pytest.FixtureRequest, told: Told) -> Iterator[tuple[str, StrictApi]]:
    """An API server with the definitions of one OpenShift AI release."""
    if not REFERENCE.is_dir():
        pytest.skip("the definitions of OpenShift AI are not beside this repository")
    release: str = request.param
    older = release in ("3.0", "3.3")
    gateway_api = "v1.3.0-standard" if older else "v1.6.1-experimental"
    istio = "1.26.2" if older else "1.28.10"
    files = [
        *sorted((REFERENCE / "gateway-api" / f"gateway-api-{gateway_api}").glob("*routes.yaml")),
        *sorted((REFERENCE / "gateway-api" / f"gateway-api-{gateway_api}").glob("*gateway*s.yaml")),
        *sorted((REFERENCE / "kuadrant").glob("kuadrant.io_*.yaml")),
        REFERENCE / "istio" / f"networking.istio.io_envoyfilters.{istio}.yaml",
        REFERENCE / "kserve" / f"llminferenceservices.rh-rhoai-{release}.yaml",
    ]
    with local.control_plane(told) as status:
        install_crds(status.kubeconfig, list(dict.fromkeys(files)), told)
        yield release, StrictApi(status)


def test_openshift_ai_takes_every_object(published: tuple[str, StrictApi]) -> None:
    definition, api = published
    for release in (name for name, holds in OPENSHIFT_AI.items() if holds == definition):
        assert refusals(api, bodies(ten_lines(release))) == {}
        assert refusals(api, bodies(everything(release))) == {}
