"""`versions.istio: detect` is a plain version before anything is declared, or a clear error.

The cluster is asked once, with a time-out, when the program runs under the engine. Where it does
not say, what OpenShift brings counts if `versions.openshift` is stated. Either way one line tells.
"""

from collections.abc import Callable

import pulumi
from pulumi.runtime.config import get_config
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from modelgate.config import DETECT, StackConfig
from modelgate.errors import ConfigurationError, ModelgateError

SECONDS = (3, 10)
"""Until connected, and until answered."""

SETTING = f"versions.istio is {DETECT}"


class UnsaidError(Exception):
    """Why the cluster does not say."""


Ask = Callable[[StackConfig], tuple[str, str]]
"""The version, and who says it. Raises UnsaidError, or ConfigurationError where several differ."""


def settled(config: StackConfig, where: str, ask: Ask | None = None) -> StackConfig:
    """`config` with a version of Istio in the place of `detect`; unstated where nothing says it.

    `where` is the stack file. Raises ConfigurationError where an engine waits for an answer and
    neither the cluster nor `versions.openshift` gives one.
    """
    if config.versions.istio != DETECT:
        return config
    offline = isinstance(get_monitor(), MockMonitor)
    try:
        version, by = _offline(config) if offline else (ask or _ask)(config)
        pulumi.log.info(f"Istio {version}: {by} says so ({SETTING})")
    except UnsaidError as why:
        version = config.versions.istio_or_openshifts
        if not version and not offline:
            raise ConfigurationError(
                f"{where}: {SETTING}, and {why}",
                "state versions.istio, or versions.openshift, whose Istio then counts",
            ) from None
        _tell(str(why), version, config.versions.openshift or "", offline)
    stated = config.versions.model_copy(update={"istio": version or None})
    return config.model_copy(update={"versions": stated})


def _tell(why: str, version: str, openshift: str, offline: bool) -> None:
    taken = "it is left unstated"
    if version:
        taken = f"taken as {version}, the newest that OpenShift {openshift} is known to install"
    log = pulumi.log.info if offline else pulumi.log.warn
    log(f"Istio: {taken} ({SETTING}, and {why})")


def _offline(_config: StackConfig) -> tuple[str, str]:
    raise UnsaidError("no cluster is asked without an engine")


def _ask(config: StackConfig) -> tuple[str, str]:
    """The cluster that the stack's resources go to."""
    try:
        from modelgate import detection
        from modelgate.kubernetes_api import connect
    except ModuleNotFoundError as missing:
        hint = "pip install --require-hashes -r requirements-cli.txt"
        raise UnsaidError(f"the package {missing.name} is not installed ({hint})") from None
    if config.cluster is None and get_config("kubernetes:kubeconfig"):
        raise UnsaidError("kubernetes:kubeconfig names a cluster that is not asked: use KUBECONFIG")
    context = config.cluster.context if config.cluster else get_config("kubernetes:context")
    try:
        cluster = connect(context, SECONDS)
        found = detection.istio(cluster, config.gateway.controller)
    except detection.DisagreementError as error:
        raise ConfigurationError(error.message, error.hint) from None
    except ModelgateError as error:
        raise UnsaidError(error.message) from None
    if found.stated is None:
        unread = f"; it did not let us list {', '.join(found.unread)}" if found.unread else ""
        raise UnsaidError(f"nothing in cluster {cluster.name} states a version of Istio{unread}")
    return found.stated.version, f"{found.stated.where} in cluster {cluster.name}"
