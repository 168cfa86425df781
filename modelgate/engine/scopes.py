"""Which kinds have no namespace, where no API server can be asked."""

from modelgate.topology.objects import group_of

CLUSTER_SCOPED = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("datasciencecluster.opendatahub.io", "DataScienceCluster"),
        ("dscinitialization.opendatahub.io", "DSCInitialization"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("sailoperator.io", "Istio"),
        ("sailoperator.io", "IstioCNI"),
        ("sailoperator.io", "IstioRevision"),
        ("sailoperator.io", "ZTunnel"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("services.platform.opendatahub.io", "GatewayConfig"),
        ("serving.kserve.io", "ClusterServingRuntime"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)


def is_namespaced(api_version: str, kind: str) -> bool:
    """False for the kinds known to be cluster-scoped; an unknown kind counts as namespaced."""
    return (group_of(api_version), kind) not in CLUSTER_SCOPED
