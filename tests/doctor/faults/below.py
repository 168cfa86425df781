"""Faults of cluster, gateway, routes and models."""

from modelgate.doctor.kinds import AUTH_POLICY, INFERENCE_POOL
from modelgate.doctor.snapshot import Certificate
from tests.doctor import platform
from tests.doctor.clusters import AT, GATEWAY, MODEL, NAME, NAMESPACE
from tests.doctor.faults.breaking import (
    PICKER,
    POOL,
    ROUTE,
    SERVICE,
    Fault,
    condition,
    edit,
    parent,
    pods_wait,
    remove,
    weigh,
    without,
)

BELOW: tuple[Fault, ...] = (
    Fault(
        "no Kuadrant",
        "kuadrant-crds",
        "CustomResourceDefinition authpolicies.kuadrant.io is missing",
        lambda found: found.unserved.add(AUTH_POLICY),
    ),
    Fault(
        "pools of another group",
        "model-crds",
        "CustomResourceDefinition inferencepools.inference.networking.k8s.io is missing",
        lambda found: found.unserved.add(INFERENCE_POOL),
    ),
    Fault(
        "Gateway API too old",
        "gateway-api-crds",
        "Gateway API 1.1.0 is older than any that is known here",
        edit(
            "CustomResourceDefinition httproutes.gateway.networking.k8s.io",
            lambda obj: obj["metadata"]["annotations"].update(
                {"gateway.networking.k8s.io/bundle-version": "v1.1.0"}
            ),
        ),
    ),
    Fault(
        "a release that opens",
        "versions",
        "rhcl 1.4.0 opens: inference endpoints answer without authentication",
        lambda found: found.add(
            platform.body(
                "operators.coreos.com/v1alpha1",
                "ClusterServiceVersion",
                "kuadrant-system/rhcl-operator.v1.4.0",
                spec={},
            )
        ),
    ),
    Fault(
        "another version than the stack says",
        "versions",
        "istio is 1.30.1 here",
        edit(
            "Deployment openshift-ingress/istiod-openshift-gateway",
            lambda obj: obj["metadata"]["labels"].update({"app.kubernetes.io/version": "1.30.1"}),
        ),
    ),
    Fault(
        "GatewayClass not accepted",
        "gateway-class",
        "Accepted=False Pending",
        edit(
            "GatewayClass maas-gateway-class",
            lambda obj: condition(obj["status"], "Accepted", "Pending"),
        ),
    ),
    Fault(
        "class that Kuadrant does not serve",
        "gateway-class",
        "Kuadrant puts no filter on its gateways",
        edit(
            "GatewayClass maas-gateway-class",
            lambda obj: obj["spec"].update(controllerName="example.com/other"),
        ),
    ),
    Fault(
        "operator without the controller's name",
        "gateway-class",
        "does not serve openshift.io/gateway-controller/v1",
        edit(
            "Deployment kuadrant-system/kuadrant-operator-controller-manager",
            lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(env=[]),
        ),
    ),
    Fault(
        "gateway pod crashes",
        "gateway-pods",
        "container istio-proxy waits: CrashLoopBackOff",
        lambda found: pods_wait(found, GATEWAY, "CrashLoopBackOff"),
    ),
    Fault(
        "no address",
        "gateway-address",
        "Gateway openshift-ingress/maas-gateway has no address",
        edit(f"Gateway {GATEWAY}", lambda obj: obj["status"].update(addresses=[])),
    ),
    Fault(
        "listener without certificate",
        "gateway-listeners",
        "listener https: ResolvedRefs=False InvalidCertificateRef",
        edit(
            f"Gateway {GATEWAY}",
            lambda obj: condition(
                obj["status"]["listeners"][0], "ResolvedRefs", "InvalidCertificateRef"
            ),
        ),
    ),
    Fault(
        "certificate missing",
        "gateway-certificates",
        "Secret openshift-ingress/maas-gateway-tls does not exist",
        remove("Secret openshift-ingress/maas-gateway-tls"),
    ),
    Fault(
        "certificate expired",
        "gateway-certificates",
        "the certificate expired on 2026-11-01",
        lambda found: found.certificates.update(
            {"openshift-ingress/maas-gateway-tls": Certificate((), None, AT.replace(day=1))}
        ),
    ),
    Fault(
        "certificate expires soon",
        "gateway-certificates",
        "the certificate expires in 6 days",
        lambda found: found.certificates.update(
            {"openshift-ingress/maas-gateway-tls": Certificate((), None, AT.replace(day=30))}
        ),
    ),
    Fault(
        "route not allowed",
        "routes",
        "NotAllowedByListeners",
        lambda found: parent(found, "Accepted", "NotAllowedByListeners"),
    ),
    Fault(
        "backend of the wrong group",
        "routes",
        "ResolvedRefs=False InvalidKind",
        lambda found: parent(found, "ResolvedRefs", "InvalidKind"),
    ),
    Fault(
        "route without an answer",
        "routes",
        "Gateway openshift-ingress/maas-gateway has not answered",
        edit(ROUTE, lambda obj: obj.pop("status")),
    ),
    Fault(
        "no GPU",
        "model-pods",
        "container main waits: ImagePullBackOff",
        lambda found: pods_wait(found, f"{NAMESPACE}/{NAME}-kserve", "ImagePullBackOff"),
    ),
    Fault(
        "another name registered",
        "model-names",
        f"registered qwen3; {SERVICE} declares {MODEL}",
        lambda found: [
            container.update(args=["--served-model-name", "qwen3", "--port", "8000"])
            for key, pod in found.objects.items()
            if key.startswith(f"Pod {NAMESPACE}/{NAME}-kserve-0")
            for container in pod["spec"]["containers"]
        ],
    ),
    Fault(
        "picker crashes",
        "picker-pods",
        "container main waits: CrashLoopBackOff",
        lambda found: pods_wait(
            found, f"{NAMESPACE}/{NAME}-kserve-router-scheduler", "CrashLoopBackOff"
        ),
    ),
    Fault(
        "DestinationRule removed",
        "backend-tls",
        "speaks TLS, gateways speak plain text to qwen3-0-6b-epp-service",
        remove(f"DestinationRule {NAMESPACE}/{NAME}-kserve-scheduler"),
    ),
    Fault(
        "picker without TLS",
        "backend-tls",
        "speaks plain text, gateways speak TLS to qwen3-0-6b-epp-service",
        edit(
            PICKER,
            lambda obj: obj["spec"]["template"]["spec"]["containers"][0]["command"].append(
                "--secure-serving=false"
            ),
        ),
    ),
    Fault(
        "other weights than declared",
        "picker-arguments",
        "queue-scorer=9",
        lambda found: weigh(found, 9),
    ),
    Fault(
        "picker without weights",
        "picker-arguments",
        "has no --config-text",
        lambda found: without(found, "--config-text"),
    ),
    Fault(
        "picker that does not say that it serves",
        "picker-serving",
        "the end of its log does not say that it serves",
        lambda found: found.pickers.clear(),
    ),
    Fault(
        "pool not taken",
        "inference-pools",
        "no gateway has taken it",
        lambda found: [found[key].update(status={}) for key in (POOL, f"x/{POOL}")],
    ),
    Fault(
        "service not ready",
        "inference-services",
        "HTTPRoutesReady=False RefsInvalid",
        edit(
            SERVICE,
            lambda obj: condition(
                condition(obj["status"], "Ready", "RefsInvalid"), "HTTPRoutesReady", "RefsInvalid"
            ),
        ),
    ),
)
