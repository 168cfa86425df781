"""Inside the cluster a model is as open as NetworkPolicies leave it; but gateways must get in."""

from collections.abc import Iterator, Sequence

from modelgate.doctor.check import Layer
from modelgate.doctor.checks.model_pods import model_pods
from modelgate.doctor.kinds import GATEWAY, MODEL_SERVICE, NAMESPACE, NETWORK_POLICY, POD, Kind
from modelgate.doctor.network import Peer, admits, as_peer, selecting
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import GATEWAY_NAME, View
from modelgate.topology.objects import Object

ID = "network-policies"
TITLE = "model pods and pickers admit the gateways, and not everybody"
LAYER = Layer.ENVOY
NEEDS: tuple[str, ...] = ("model-pods", "gateway-pods")
READS: tuple[Kind, ...] = (NETWORK_POLICY, POD, NAMESPACE, MODEL_SERVICE, GATEWAY)
WAY_OUT = "`network.policies: true` in the stack's settings declares them"
WAITS = False

_MODEL_PORT, _PICKER_PORT = 8000, 9002


def run(view: View) -> Result:
    models = [pod for service in view.services for pod in model_pods(view, service)[:1]]
    gateways = [(one, view.gateway_pods(one)[:1]) for one in view.gateways]
    peers = [
        (gateway, as_peer(pod, view.find(NAMESPACE, "", pod.namespace)))
        for gateway, pods in gateways
        for pod in pods
    ]
    problems = [
        *(p for pod in models for p in _pod(view, pod, _MODEL_PORT, peers)),
        *(p for pod in view.picker_pods[:100] for p in _pod(view, pod, _PICKER_PORT, peers)),
    ]
    return judged(problems, f"{len(view.of(NETWORK_POLICY))} NetworkPolicies")


def _pod(
    view: View, pod: Object, port: int, peers: Sequence[tuple[Object, Peer]]
) -> Iterator[Problem]:
    policies = selecting(view.of(NETWORK_POLICY), pod)
    command = f"kubectl get networkpolicies -n {pod.namespace} -o yaml"
    if not policies:
        yield warning(
            f"no NetworkPolicy restricts {pod.ref}: every pod of the cluster reaches its port"
            f" {port} without credentials",
            "",
            command,
        )
        return
    for gateway, peer in peers:
        if not admits(policies, peer, port):
            names = ", ".join(policy.name for policy in policies)
            yield Problem(
                f"NetworkPolicy {names} keeps the pods of {gateway.ref} from port {port} of"
                f" {pod.ref}",
                f"admit the gateway's namespace and its label {GATEWAY_NAME}",
                command,
            )
    stranger = Peer({}, "default", {"kubernetes.io/metadata.name": "default"})
    if admits(policies, stranger, port):
        what = f"the NetworkPolicies of {pod.ref} admit every pod to port {port}"
        yield warning(what, "admit gateways and pickers only", command)
