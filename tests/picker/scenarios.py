"""What may happen between a gateway and its picker, each made to happen with the real parts."""

from collections.abc import Callable
from typing import Final

from tests.picker import guide
from tests.picker.envoy import Envoy
from tests.picker.evidence import Evidence
from tests.picker.lab import DESTINATION
from tests.picker.labs import RealLab, Serving
from tests.picker.test_filters_in_the_wild import changed

Scenario = Callable[[RealLab], Evidence]
NOBODY: Final = "127.0.0.1:1"
_FAILED: Final = "ext_proc.failure_mode_allowed"
_ISTIO: Final = "1.28.5"


def _post(envoy: Envoy, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    envoy.send("POST", guide.CHAT, guide.BODY, named)


def _body_later(envoy: Envoy) -> None:
    envoy.send("POST", guide.CHAT, guide.BODY, before_body=lambda: envoy.wait_for(_FAILED))


def picked(lab: RealLab) -> Evidence:
    """The pick overwrites what a client names; the third goes to the Service."""
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO)
    _post(envoy)
    _post(envoy, **{DESTINATION: lab.pods.addresses[0]})
    envoy.send("GET", guide.MODELS)
    return Evidence.of(envoy, picker, 3)


def picked_over_tls(lab: RealLab) -> Evidence:
    picker = lab.picker(Serving.CERTIFICATE)
    envoy = lab.start(picker, version=_ISTIO, ca=lab.ca)
    _post(envoy)
    _post(envoy)
    return Evidence.of(envoy, picker, 2)


def timed_out(lab: RealLab) -> Evidence:
    """The guide's filter, and a picker that is well."""
    picker = lab.picker()
    filters = [guide.own_filter()]
    envoy = lab.start(picker, envoy_filters=filters, message_timeout="1s")
    _post(envoy)
    _post(envoy)
    return Evidence.of(envoy, picker, 2)


def timed_out_closed(lab: RealLab) -> Evidence:
    picker = lab.picker()
    filters = [guide.closed_filter()]
    envoy = lab.start(picker, version="1.27.3", envoy_filters=filters, message_timeout="1s")
    _post(envoy)
    return Evidence.of(envoy, picker, 1)


def hangs(lab: RealLab) -> Evidence:
    """The guide's filter with Istio's time-out; the client goes away."""
    picker = lab.picker()
    envoy = lab.start(picker, envoy_filters=[guide.own_filter()])
    lab.send_in_vain(envoy, picker, guide.CHAT, guide.BODY)
    return Evidence.of(envoy, picker, 1)


def self_signed(lab: RealLab) -> Evidence:
    """Without --cert-path; once in one write, once the body comes later."""
    picker = lab.picker(Serving.SELF_SIGNED)
    envoy = lab.start(picker, version=_ISTIO, ca=lab.ca)
    _post(envoy)
    _body_later(envoy)
    return Evidence.of(envoy, picker, 2)


def self_signed_buffered(lab: RealLab) -> Evidence:
    picker = lab.picker(Serving.SELF_SIGNED)
    envoy = lab.start(picker, ca=lab.ca, envoy_filters=[guide.own_filter()])
    _post(envoy)
    _post(envoy)
    return Evidence.of(envoy, picker, 2)


def plaintext_to_tls(lab: RealLab) -> Evidence:
    """No DestinationRule."""
    picker = lab.picker(Serving.CERTIFICATE)
    envoy = lab.start(picker, version=_ISTIO)
    _post(envoy)
    _body_later(envoy)
    return Evidence.of(envoy, picker, 2)


def tls_to_plaintext(lab: RealLab) -> Evidence:
    """--secure-serving is off."""
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO, ca=lab.ca)
    _post(envoy)
    _body_later(envoy)
    return Evidence.of(envoy, picker, 2)


def refused(lab: RealLab) -> Evidence:
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO, address=NOBODY)
    _post(envoy)
    _body_later(envoy)
    return Evidence.of(envoy, picker, 2)


def no_endpoints(lab: RealLab) -> Evidence:
    """Twice; the second client names its pod, and gets it."""
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO, address="")
    _post(envoy)
    _post(envoy, **{DESTINATION: lab.pods.addresses[-1]})
    return Evidence.of(envoy, picker, 2)


def no_endpoints_closed(lab: RealLab) -> Evidence:
    """The pool's `failureMode` is FailClose."""
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO, address="", fail_open=False)
    _post(envoy)
    return Evidence.of(envoy, picker, 1)


def dummy(lab: RealLab) -> Evidence:
    """A filter whose override forgets `grpc_service`."""
    picker = lab.picker()
    filters = [changed(guide.own_filter(), without="grpc_service")]
    envoy = lab.start(picker, envoy_filters=filters)
    _post(envoy)
    _post(envoy)
    return Evidence.of(envoy, picker, 2)


def no_pod_ready(lab: RealLab) -> Evidence:
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO)
    with lab.pool.nobody_ready():
        picker.epp.wait_for_pods(0)
        _post(envoy)
        _post(envoy)
    picker.epp.wait_for_pods(len(lab.pods.addresses))
    return Evidence.of(envoy, picker, 2)


def bad_request(lab: RealLab) -> Evidence:
    """A body that the picker refuses."""
    picker = lab.picker()
    envoy = lab.start(picker, version=_ISTIO)
    envoy.send("POST", guide.CHAT, b"{")
    return Evidence.of(envoy, picker, 1)


def frozen(lab: RealLab) -> Evidence:
    picker = lab.frozen()
    envoy = lab.start(picker, version=_ISTIO)
    envoy.send("POST", guide.CHAT, guide.BODY, patience=1)
    return Evidence.of(envoy, picker, 1)


ALL: Final[tuple[Scenario, ...]] = (
    *(picked, picked_over_tls, timed_out, timed_out_closed, hangs, self_signed),
    *(self_signed_buffered, plaintext_to_tls, tls_to_plaintext, refused, no_endpoints),
    *(no_endpoints_closed, dummy, no_pod_ready, bad_request, frozen),
)
