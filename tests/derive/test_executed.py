"""What KServe's own controllers made from the same service, run on a real API server.

kserve/kserve v0.20.0 and v0.16.0, cmd/llmisvc, kube-apiserver 1.36.3: the objects owned by an
LLMInferenceService `qwen3-0-6b` with two gateway references (0.16: the default gateway).
"""

from modelgate.topology.derive import rule_table
from modelgate.topology.objects import Object
from tests.derive.samples import NAME, NAMESPACE, derived, managed, service, to

MODEL = "Qwen/Qwen3-0.6B"
OWN = f"/{NAMESPACE}/{NAME}"
PUBLISHED = f"/publishers/{NAMESPACE}/models/{MODEL}"
ENDPOINTS = ("completions", "chat/completions", "responses", "messages")
POOL = f"InferencePool {NAMESPACE}/{NAME}-inference-pool:8000"
SERVICE = f"Service {NAMESPACE}/{NAME}-kserve-workload-svc:8000"


def names(found: dict[str, Object]) -> set[str]:
    return {f"{one.kind} {one.name}" for one in found.values()}


COMMON = {
    f"Secret {NAME}-kserve-self-signed-certs",
    f"Deployment {NAME}-kserve",
    f"Deployment {NAME}-kserve-router-scheduler",
    f"Service {NAME}-kserve-workload-svc",
    f"Service {NAME}-epp-service",
    f"InferencePool {NAME}-inference-pool",
    f"HTTPRoute {NAME}-kserve-route",
    f"ServiceAccount {NAME}-epp-sa",
    f"Role {NAME}-epp-role",
    f"RoleBinding {NAME}-epp-rb",
    f"ClusterRoleBinding {NAMESPACE}-{NAME}-epp-auth-rb",
}


def test_020_made_these_objects() -> None:
    found = derived(
        "kserve-0.20", service(managed(gateway=to("openshift-ai-inference", "maas-gateway")))
    )
    assert names(found) == COMMON
    versions = {one.api_version for one in found.values() if one.kind == "InferencePool"}
    assert versions == {"inference.networking.k8s.io/v1", "inference.networking.x-k8s.io/v1alpha2"}


def test_020_made_these_twelve_rules() -> None:
    route = derived("kserve-0.20", service(managed()))[f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"]
    rows = rule_table(route)
    own = [((f"PathPrefix {OWN}/v1/{one}",), f"/v1/{one}", POOL) for one in ENDPOINTS]
    published = [((f"PathPrefix {PUBLISHED}/v1/{one}",), f"/v1/{one}", POOL) for one in ENDPOINTS]
    header = f"with X-Gateway-Model-Name: publishers/{NAMESPACE}/models/{MODEL}"
    routed = tuple(f"Exact /v1/{one}{end} {header}" for one in ENDPOINTS for end in ("", "/"))
    assert [(row.matches, row.rewrite, row.backends[0]) for row in rows] == [
        *own,
        (routed, "", POOL),
        *published,
        ((f"PathPrefix {PUBLISHED}",), "/", SERVICE),
        ((f"PathPrefix {OWN}",), "/", SERVICE),
        ((header,), "", SERVICE),
    ]
    assert rows[4].name == "v1-model-routing"
    timeouts = {str(rule["timeouts"]) for rule in route.spec["rules"]}
    assert timeouts == {"{'backendRequest': '0s', 'request': '0s'}"}


def test_020_started_the_picker_like_this() -> None:
    found = derived("kserve-0.20", service(managed()))
    deployment = found[f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"]
    pod = deployment.spec["template"]["spec"]
    assert deployment.spec["strategy"] == {"type": "Recreate"}
    assert pod["serviceAccountName"] == f"{NAME}-epp-sa"
    ports = [one["containerPort"] for one in pod["containers"][0]["ports"]]
    assert ports == [9002, 9003, 9090, 5557]
    command = " ".join(pod["containers"][0]["command"])
    assert command.startswith("/app/epp --pool-name")
    assert "--secure-serving=true" in command
    assert command.endswith("--cert-path=/var/run/kserve/tls")


def test_016_made_these_objects_and_one_rule() -> None:
    found = derived("kserve-0.16", service(managed()))
    assert names(found) == COMMON | {f"InferenceModel {NAME}-inference-model"}
    pool = found[f"InferencePool {NAMESPACE}/{NAME}-inference-pool"]
    assert pool.api_version == "inference.networking.x-k8s.io/v1alpha2"
    assert "portNumber" not in pool.spec["extensionRef"]
    (row,) = rule_table(found[f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"])
    assert (row.matches, row.rewrite, row.backends) == ((f"PathPrefix {OWN}",), "/", (POOL,))


def test_016_started_the_picker_without_tls() -> None:
    found = derived("kserve-0.16", service(managed()))
    deployment = found[f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"]
    main = deployment.spec["template"]["spec"]["containers"][0]
    assert main["args"][:4] == [
        "--poolName",
        f"{NAME}-inference-pool",
        "--poolNamespace",
        NAMESPACE,
    ]
    assert main["args"][-2] == "--configText"
    assert "--cert-path" not in main["args"]
    assert [one["containerPort"] for one in main["ports"]] == [9002, 9003, 9090]
