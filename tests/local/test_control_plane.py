"""A control plane serves real semantics, and only to its owner."""

import http.client
import ssl
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from modelgate import local
from modelgate.builds import crd_files, silent
from modelgate.errors import ModelgateError
from modelgate.local import Status
from modelgate.local.crds import install_crds
from tests.local.api import core, create_config_map, create_namespace, namespaces
from tests.local.processes import listening_addresses
from tests.plugins.control_plane import ControlPlane, Told

LOOPBACK = "0100007F"


@pytest.fixture
def bare(control_plane: ControlPlane) -> Status:
    return control_plane()


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def test_it_serves(bare: Status) -> None:
    assert namespaces(bare) >= {"default", "kube-system"}


def test_a_deleted_namespace_goes_away(bare: Status) -> None:
    version = create_namespace(bare, "short-lived")
    create_config_map(bare, "short-lived", "inside")
    api = core(bare)
    api.delete_namespace("short-lived")
    events = watch.Watch().stream(
        api.list_namespace,
        field_selector="metadata.name=short-lived",
        resource_version=version,
        timeout_seconds=120,
    )
    assert any(event["type"] == "DELETED" for event in events)


def test_an_owned_object_goes_with_its_owner(bare: Status) -> None:
    version = create_namespace(bare, "owners")
    owner = create_config_map(bare, "owners", "owner")
    create_config_map(bare, "owners", "owned", owner)
    api = core(bare)
    api.delete_namespaced_config_map("owner", "owners")
    events = watch.Watch().stream(
        api.list_namespaced_config_map,
        "owners",
        field_selector="metadata.name=owned",
        resource_version=version,
        timeout_seconds=120,
    )
    assert any(event["type"] == "DELETED" for event in events)


def test_a_service_account_may_have_a_token(bare: Status) -> None:
    create_namespace(bare, "accounts")
    api = core(bare)
    account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="robot"))
    api.create_namespaced_service_account("accounts", account)
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
    answer = api.create_namespaced_service_account_token("robot", "accounts", request)
    assert answer.status
    spec = client.V1TokenReviewSpec(token=str(answer.status.token))
    review = client.V1TokenReview(spec=spec)
    reviewed = client.AuthenticationV1Api(api.api_client).create_token_review(review)
    assert reviewed.status
    assert reviewed.status.user
    assert reviewed.status.user.username == "system:serviceaccount:accounts:robot"


def test_only_the_owner_reads_its_files(bare: Status) -> None:
    folder = bare.kubeconfig.parent
    assert mode(folder) == "drwx------"
    assert mode(bare.kubeconfig) == "-rw-------"
    assert mode(folder / "tokens.csv") == "-rw-------"
    assert mode(folder / "certs" / "apiserver.key") == "-rw-------"


def test_only_the_api_listens_and_only_on_loopback(bare: Status) -> None:
    port = urlsplit(bare.url).port
    assert listening_addresses(bare.pids.values()) == {(LOOPBACK, port)}


def test_without_the_token_nothing_is_answered(bare: Status) -> None:
    where = urlsplit(bare.url)
    trust = ssl.create_default_context(cafile=bare.kubeconfig.parent / "certs" / "apiserver.crt")
    api = http.client.HTTPSConnection(str(where.hostname), where.port, context=trust)
    api.request("GET", "/api/v1/namespaces/default/secrets")
    assert api.getresponse().status == http.HTTPStatus.FORBIDDEN


def test_memory_is_told_for_each_process(bare: Status) -> None:
    assert set(bare.memory_mb) == {"etcd", "kube-apiserver", "kube-controller-manager"}
    assert all(megabytes > 1 for megabytes in bare.memory_mb.values())


@pytest.mark.parametrize(
    ("profile", "version"), [("kserve-0.16", "v1alpha1"), ("kserve-0.20", "v1alpha2")]
)
def test_installed_kinds_are_served_and_checked(
    control_plane: ControlPlane, profile: str, version: str
) -> None:
    api = client.CustomObjectsApi(core(control_plane(profile)).api_client)
    body = {
        "apiVersion": f"serving.kserve.io/{version}",
        "kind": "LLMInferenceService",
        "metadata": {"name": "misspelt"},
        "spec": {"model": {"uri": "hf://Qwen/Qwen3-0.6B"}, "replica": 2},
    }
    with pytest.raises(ApiException, match=r'unknown field \\?"spec\.replica') as caught:
        api.create_namespaced_custom_object(
            "serving.kserve.io",
            version,
            "default",
            "llminferenceservices",
            body,
            dry_run="All",
            field_validation="Strict",
        )
    assert caught.value.status == http.HTTPStatus.BAD_REQUEST


def test_kinds_that_are_there_are_not_sent_again(control_plane: ControlPlane) -> None:
    profile = "kserve-0.20"
    status = control_plane(profile)
    details: list[str] = []

    def tell(what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
        details.append(detail)

    install_crds(status.kubeconfig, crd_files(profile, silent), tell)
    assert details == ["42 definitions"]


THING = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.example.com}}
spec:
  group: example.com
  scope: Cluster
  names: {{plural: {plural}, kind: {kind}}}
  versions:
"""
VERSION = """\
  - name: {name}
    served: true
    storage: {storage}
    schema: {{openAPIV3Schema: {{type: object}}}}
"""


def thing(folder: Path, kind: str, **storage_of: bool) -> Path:
    """A definition with these versions: which of them is stored."""
    text = THING.format(kind=kind, plural=f"{kind.lower()}s")
    for name, storage in storage_of.items():
        text += VERSION.format(name=name, storage=str(storage).lower())
    file = folder / f"{kind}-{'-'.join(storage_of)}.yaml"
    file.write_text(text)
    return file


def test_a_definition_without_objects_makes_way_for_another(bare: Status, tmp_path: Path) -> None:
    install_crds(bare.kubeconfig, [thing(tmp_path, "Empty", v1=False, v2=True)])
    install_crds(bare.kubeconfig, [thing(tmp_path, "Empty", v1=True)])
    api = client.CustomObjectsApi(core(bare).api_client)
    assert api.list_cluster_custom_object("example.com", "v1", "emptys")
    with pytest.raises(ApiException, match="404"):
        api.list_cluster_custom_object("example.com", "v2", "emptys")


def test_a_definition_with_objects_does_not(bare: Status, tmp_path: Path) -> None:
    install_crds(bare.kubeconfig, [thing(tmp_path, "Full", v1=False, v2=True)])
    body = {"apiVersion": "example.com/v2", "kind": "Full", "metadata": {"name": "one"}}
    api = client.CustomObjectsApi(core(bare).api_client)
    api.create_cluster_custom_object("example.com", "v2", "fulls", body)
    with pytest.raises(ModelgateError, match=r"fulls\.example\.com was refused: 422") as caught:
        install_crds(bare.kubeconfig, [thing(tmp_path, "Full", v1=True)])
    assert "destroy that stack first" in caught.value.hint
    assert api.get_cluster_custom_object("example.com", "v2", "fulls", "one")


def test_an_api_that_is_gone_is_named(tmp_path: Path, told: Told) -> None:
    with local.control_plane(told) as status:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(status.kubeconfig.read_text())
    with pytest.raises(ModelgateError, match="does not answer"):
        install_crds(kubeconfig, [])


def test_a_refused_definition_is_named(bare: Status, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(thing(tmp_path, "Thing", v1=False).read_text())
    with pytest.raises(ModelgateError, match=r"things\.example\.com was refused: 422"):
        install_crds(bare.kubeconfig, [wrong])
