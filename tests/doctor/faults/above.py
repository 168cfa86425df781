"""Faults of policies, Envoy, traffic and doors."""

from tests.doctor import platform
from tests.doctor.clusters import GATEWAY, NAME, NAMESPACE
from tests.doctor.faults.breaking import (
    POLICY,
    Fault,
    condition,
    edit,
    misplace_key,
    probed,
    remove,
    second_gateway,
    traffic,
)

ABOVE: tuple[Fault, ...] = (
    Fault(
        "Kuadrant resource deleted",
        "kuadrant",
        "there is no Kuadrant resource",
        remove("Kuadrant kuadrant-system/kuadrant"),
    ),
    Fault(
        "Authorino not ready",
        "kuadrant",
        "Ready=False DeploymentNotReady",
        edit(
            "Authorino kuadrant-system/authorino",
            lambda obj: condition(obj["status"], "Ready", "DeploymentNotReady"),
        ),
    ),
    Fault(
        "policy not enforced",
        "auth-policies",
        "Enforced=False Unknown",
        edit(POLICY, lambda obj: condition(obj["status"], "Enforced", "Unknown")),
    ),
    Fault(
        "policy overridden",
        "auth-policies",
        "Enforced=False Overridden",
        edit(POLICY, lambda obj: condition(obj["status"], "Enforced", "Overridden")),
    ),
    Fault(
        "policy replaced on one route of several",
        "auth-policies",
        "is enforced in part only: on some routes another takes its place",
        edit(
            POLICY,
            lambda obj: obj["status"]["conditions"][1].update(
                message="AuthPolicy has been partially enforced"
            ),
        ),
    ),
    Fault(
        "limit not accepted",
        "limit-policies",
        "Accepted=False TargetNotFound",
        edit(
            "RateLimitPolicy openshift-ingress/maas-gateway-limits",
            lambda obj: condition(obj["status"], "Accepted", "TargetNotFound"),
        ),
    ),
    Fault(
        "AuthConfigs missing",
        "auth-configs",
        "rule 0: no AuthConfig",
        lambda found: [
            found.objects.pop(key) for key in [*found.objects] if key.startswith("AuthConfig ")
        ],
    ),
    Fault(
        "Kuadrant's filter missing",
        "auth-filter",
        "there is no EnvoyFilter openshift-ingress/kuadrant-maas-gateway",
        remove("EnvoyFilter openshift-ingress/kuadrant-maas-gateway"),
    ),
    Fault(
        "key in the wrong namespace",
        "api-keys",
        "finds no API key in namespace kuadrant-system",
        misplace_key,
    ),
    Fault(
        "key without its field",
        "api-keys",
        "has no field api_key (it has apiKey)",
        edit(
            "Secret kuadrant-system/maas-gateway-alice",
            lambda obj: obj.update(data={"apiKey": platform.base64("x" * 20)}),
        ),
    ),
    Fault(
        "key without its tier",
        "api-keys",
        "lacks the annotation secret.kuadrant.io/plan-id",
        edit(
            "Secret kuadrant-system/maas-gateway-alice",
            lambda obj: obj["metadata"]["annotations"].pop("secret.kuadrant.io/plan-id"),
        ),
    ),
    Fault(
        "somebody else's EnvoyFilter",
        "foreign-filters",
        "EnvoyFilter openshift-ingress/tuning changes the Envoy of Gateway",
        lambda found: found.add(
            platform.body(
                "networking.istio.io/v1alpha3",
                "EnvoyFilter",
                "openshift-ingress/tuning",
                spec={"configPatches": [{"applyTo": "CLUSTER", "patch": {"operation": "ADD"}}]},
            )
        ),
    ),
    Fault(
        "gateway that odh-model-controller takes for its own",
        "controller-objects",
        "odh-model-controller",
        edit(
            f"Gateway {GATEWAY}",
            lambda obj: [obj["metadata"].pop("labels"), obj["metadata"].pop("annotations")],
        ),
        release="3.2",
    ),
    Fault(
        "gateway kept out",
        "network-policies",
        "keeps the pods of Gateway openshift-ingress/maas-gateway from port 8000",
        edit(
            f"NetworkPolicy {NAMESPACE}/{NAME}-workload",
            lambda obj: obj["spec"].update(ingress=[]),
        ),
    ),
    Fault(
        "a second writer",
        "field-managers",
        "argocd-controller also writes spec.listeners",
        edit(
            f"Gateway {GATEWAY}",
            lambda obj: obj["metadata"].update(
                managedFields=[
                    {
                        "manager": "pulumi-kubernetes",
                        "operation": "Apply",
                        "fieldsV1": {
                            "f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}
                        },
                    },
                    {
                        "manager": "argocd-controller",
                        "operation": "Update",
                        "time": "2026-11-24T11:00:00Z",
                        "fieldsV1": {"f:spec": {"f:listeners": {}}},
                    },
                ]
            ),
        ),
    ),
    Fault(
        "filter not loaded",
        "requests-admitted",
        "20 requests were answered 503: the gateway's filter is not loaded",
        lambda found: traffic(found, status=503, pod="", details="wasm_fail_stream"),
    ),
    Fault(
        "policy deleted behind the stack's back",
        "auth-policies",
        "no AuthPolicy is on openshift-ingress/maas-gateway or its routes",
        remove(POLICY),
    ),
    Fault(
        "open door added by hand",
        "doors",
        "EXPOSED",
        second_gateway,
    ),
    Fault(
        "declared and gone",
        "drift",
        "HTTPRoute openshift-ingress/maas-gateway-guard is declared, but not in the cluster",
        remove("HTTPRoute openshift-ingress/maas-gateway-guard"),
    ),
    Fault(
        "closed door that answers",
        "probes",
        "PROTECTED, AND OPEN: GET https://maas.example.com:443/x without credentials: 200",
        lambda found: probed(found, status=200, reached=True),
    ),
    Fault(
        "key that is answered past the picker",
        "completions",
        "200, without the header that a picker adds: it was passed by",
        lambda found: probed(found, status=200, reached=True, with_key=True, through_pool=True),
    ),
    Fault(
        "key that is not known",
        "completions",
        "401, the key is not one of this gateway",
        lambda found: probed(found, status=401, with_key=True),
    ),
)
