"""A local control plane that a stack can be deployed on: it knows its kinds, has its namespaces."""

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from modelgate import local
from modelgate.builds import Progress, crd_files
from modelgate.cli.local import STATE
from modelgate.config import KEY, load
from modelgate.engine.in_process import Evaluation, evaluate
from modelgate.local.crds import install_crds
from modelgate.topology.objects import Object


def prepare(project: Path, stack: str, progress: Progress) -> Path:
    """The kubeconfig of the project's control plane, started and made ready for `stack`.

    Raises ModelgateError.
    """
    evaluation = evaluate(project, stack)
    kubeconfig = local.up(project / STATE, progress).kubeconfig
    install_crds(kubeconfig, crd_files(_crd_profile(evaluation), progress), progress)
    _create(kubeconfig, missing_namespaces(evaluation.objects))
    return kubeconfig


def missing_namespaces(objects: Iterable[Object]) -> list[str]:
    """Namespaces that the objects need and do not declare: a real platform brings them."""
    objects = list(objects)
    declared = {obj.name for obj in objects if obj.kind == "Namespace"}
    return sorted({obj.namespace for obj in objects if obj.namespace} - declared)


def _crd_profile(evaluation: Evaluation) -> str:
    settings = load(evaluation.config[KEY], evaluation.stack, f"Pulumi.{evaluation.stack}.yaml")
    return settings.release_profile.crd_profile


def _create(kubeconfig: Path, namespaces: Iterable[str]) -> None:
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=settings)
    settings.proxy = None  # this API is on this machine
    api = client.CoreV1Api(client.ApiClient(settings))
    for name in namespaces:
        try:
            api.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
