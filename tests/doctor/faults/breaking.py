"""What goes wrong, done to a healthy cluster: one fault at a time, and the check that names it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelgate.doctor.snapshot import PickerLog, Probed, Upstream
from tests.doctor import platform
from tests.doctor.clusters import AT, GATEWAY, NAME, NAMESPACE, Cluster, cluster, line

SERVICE = f"LLMInferenceService {NAMESPACE}/{NAME}"
PICKER = f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"
POOL = f"InferencePool {NAMESPACE}/{NAME}-inference-pool"
ROUTE = f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"
POLICY = "AuthPolicy openshift-ingress/maas-gateway-auth"
CLUSTER = f"outbound|9002||{NAME}-epp-service.{NAMESPACE}.svc.cluster.local"

Break = Callable[[Cluster], object]


@dataclass(frozen=True)
class Fault:
    """`check` must be the first that fails (or, where none does, is doubtful), with `words`."""

    name: str
    check: str
    words: str
    do: Break
    release: str = "3.5"
    more: tuple[tuple[str, Any], ...] = ()
    stack: str = "prod"

    def cluster(self) -> Cluster:
        found = cluster(self.release, self.stack, **dict(self.more))
        self.do(found)
        return found

    def __str__(self) -> str:
        return self.name


def condition(obj: dict[str, Any], type_: str, reason: str, message: str = "") -> dict[str, Any]:
    """`obj` with a condition set to False."""
    conditions = [one for one in obj["conditions"] if one["type"] != type_]
    obj["conditions"] = [*conditions, platform.condition(type_, "False", reason, message)]
    return obj


def traffic(found: Cluster, **more: Any) -> None:
    """Every completion came out as `more` says."""
    pod = platform.pod_name(found.objects, "maas-gateway")
    found.access[pod] = tuple(line(second, **more) for second in range(20))


def deaf(found: Cluster) -> None:
    """The picker serves, and nobody asks it."""
    pod = platform.pod_name(found.objects, f"{NAME}-kserve-router-scheduler")
    found.pickers[pod] = PickerLog(AT.replace(hour=9), listening=True)


def counted(found: Cluster, *upstreams: Upstream) -> None:
    """What Envoy's admin port says, as `--deep` reads it."""
    found.upstreams = {platform.pod_name(found.objects, "maas-gateway"): upstreams}


def probed(found: Cluster, **more: Any) -> None:
    """What came back from one request, as `--active` sends it."""
    what = "GET https://maas.example.com:443/x without credentials"
    found.probed = (Probed("door", "PROTECTED", what, "refused", **more),)


def without(found: Cluster, flag: str) -> None:
    """The picker lost an argument and its value."""
    for container in found[PICKER]["spec"]["template"]["spec"]["containers"]:
        args = container["args"]
        at = args.index(flag)
        container["args"] = args[:at] + args[at + (2 if not args[at + 1].startswith("-") else 1) :]


def parent(found: Cluster, type_: str, reason: str, message: str = "") -> None:
    condition(found[ROUTE]["status"]["parents"][0], type_, reason, message)


def weigh(found: Cluster, weight: int) -> None:
    """The running picker has another weight for queues."""
    args = found[PICKER]["spec"]["template"]["spec"]["containers"][0]["args"]
    at = args.index("--config-text") + 1
    config = json.loads(args[at])
    for plugin in config["schedulingProfiles"][0]["plugins"]:
        if plugin["pluginRef"] == "queue-scorer":
            plugin["weight"] = weight
    args[at] = json.dumps(config)


def pods_wait(found: Cluster, owner: str, reason: str) -> None:
    """No pod of the workload is ready, and the Deployment says so."""
    for key, pod in found.objects.items():
        if key.startswith(f"Pod {owner}-"):
            status = pod["status"]
            condition(status, "Ready", "ContainersNotReady")
            for one in status["containerStatuses"]:
                one |= {"ready": False, "restartCount": 7, "state": {"waiting": {"reason": reason}}}
    deployment = found.objects.get(f"Deployment {owner}")
    if deployment:
        deployment["status"] = {"replicas": 1}


def strip_override(found: Cluster) -> None:
    """The guide's EnvoyFilter, without the picker's address in the override."""
    patch = {
        "operation": "MERGE",
        "value": {
            "typed_per_filter_config": {
                "envoy.filters.http.ext_proc": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3"
                    ".ExtProcPerRoute",
                    "overrides": {"processing_mode": {"request_body_mode": "FULL_DUPLEX_STREAMED"}},
                }
            }
        },
    }
    match = {
        "context": "GATEWAY",
        "routeConfiguration": {"vhost": {"route": {"name": f"{NAMESPACE}.{NAME}-kserve-route.1"}}},
    }
    spec = {
        "workloadSelector": {"labels": {platform.GATEWAY_LABEL: "maas-gateway"}},
        "configPatches": [{"applyTo": "HTTP_ROUTE", "match": match, "patch": patch}],
    }
    place = "openshift-ingress/stripped"
    found.add(platform.body("networking.istio.io/v1alpha3", "EnvoyFilter", place, spec=spec))


def misplace_key(found: Cluster) -> None:
    secret = found.objects.pop("Secret kuadrant-system/maas-gateway-alice")
    found.add({**secret, "metadata": {**secret["metadata"], "namespace": NAMESPACE}})


def remove(*names: str) -> Break:
    def do(found: Cluster) -> None:
        for name in names:
            del found.objects[name]

    return do


def edit(name: str, change: Callable[[dict[str, Any]], Any]) -> Break:
    return lambda found: change(found[name])


def second_gateway(found: Cluster) -> None:
    """A gateway without a policy, to which the model's route is attached too."""
    gateway = {**found[f"Gateway {GATEWAY}"]}
    gateway["metadata"] = {**gateway["metadata"], "name": "side-door"}
    found.add(gateway)
    route = found[ROUTE]
    ref = {**route["spec"]["parentRefs"][0], "name": "side-door"}
    route["spec"]["parentRefs"].append(ref)
    route["status"]["parents"].append({**route["status"]["parents"][0], "parentRef": ref})
    pod = next(one for key, one in found.objects.items() if key.startswith(f"Pod {GATEWAY}"))
    labels = {platform.GATEWAY_LABEL: "side-door"}
    found.add({**pod, "metadata": {**pod["metadata"], "name": "side-door-0", "labels": labels}})
    for name in ("workload", "picker"):
        policy = found[f"NetworkPolicy {NAMESPACE}/{NAME}-{name}"]
        rule = policy["spec"]["ingress"][0]
        peer = rule["from"][0]
        selector = {"matchLabels": labels}
        policy["spec"]["ingress"] = [
            {**rule, "from": [*rule["from"], {**peer, "podSelector": selector}]},
            *policy["spec"]["ingress"][1:],
        ]
