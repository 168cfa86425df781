"""All settings of one stack: one object under `modelgate:platform` in its stack file."""

from typing import Annotated, Literal

from pydantic import Field

from modelgate import versions
from modelgate.config.base import DETECT, Label, Settings, Text, VersionOrDetect, VersionText
from modelgate.config.gateway import Gateway, OpenTestGateway
from modelgate.config.model import Model
from modelgate.releases import Release

Mode = Literal["auto", "guide", "off"]


class Versions(Settings):
    """What else runs on the cluster; unstated, the newest that the version table knows."""

    openshift: VersionText | None = None
    """OpenShift, whose ingress operator brings Istio."""

    istio: VersionOrDetect | None = None
    """Istio behind the gateways; by default what `openshift` brings. With `detect` the cluster is
    asked when the program runs, and `openshift` counts where it does not say."""

    kuadrant: VersionText | None = None
    """Kuadrant operator."""

    gateway_api: VersionText | None = None
    """Gateway API CRDs, standard channel."""

    @property
    def istio_or_openshifts(self) -> str:
        """The stated Istio, else the newest that the stated OpenShift installs, else empty."""
        if self.istio not in (None, DETECT):
            return str(self.istio)
        return versions.table().openshift(self.openshift).istio if self.openshift else ""


class Network(Settings):
    """Which pods may reach model pods and pickers directly."""

    policies: bool = True
    """Whether NetworkPolicies are declared; without them every pod of the cluster may."""

    monitoring: tuple[Label, ...] = ("openshift-monitoring", "openshift-user-workload-monitoring")
    """Namespaces whose pods may read metrics."""


class Cluster(Settings):
    """Which cluster, where it is not the kubeconfig's current one."""

    context: Text
    """A context of the kubeconfig."""


class StackConfig(Settings):
    """A platform that serves language models on one cluster."""

    release: Text
    """OpenShift AI release such as "3.4" (in quotes), or upstream KServe such as kserve-0.20."""

    gateway: Gateway
    """The gateway in front of every model."""

    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    """The models."""

    versions: Versions = Versions()
    """What else runs on the cluster."""

    test_gateway: OpenTestGateway | None = None
    """The open test gateway; refused where the stack is production."""

    envoy_filter: Mode = "auto"
    """EnvoyFilter fix-extproc-body-mode: where it helps, as in the guide, or never."""

    model_tls: bool = False
    """Whether models speak TLS (KServe's `enableLLMInferenceServiceTLS`); upstream KServe only,
    OpenShift AI's always do."""

    create_namespaces: bool = True
    """Whether this stack declares the models' namespaces; false where they exist."""

    network: Network = Network()
    """Who may reach model pods directly."""

    cluster: Cluster | None = None
    """Which cluster; by default the kubeconfig's current one."""

    @property
    def release_profile(self) -> Release:
        """What the version table says of `release`; raises ConfigurationError for none."""
        return versions.table().release(self.release)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The models' namespaces, sorted."""
        return tuple(sorted({model.namespace for model in self.models}))

    @property
    def assumptions(self) -> dict[str, str]:
        """Component name to version as the version table calls them; only what is stated."""
        release = self.release_profile
        known = {
            "kserve" if release.upstream else versions.OPENSHIFT_AI: release.asked.removeprefix(
                "kserve-"
            ),
            "openshift": self.versions.openshift or "",
            "istio": self.versions.istio_or_openshifts,
            "kuadrant": self.versions.kuadrant or "",
            "gateway-api": self.versions.gateway_api or "",
        }
        return {name: version for name, version in known.items() if version}
