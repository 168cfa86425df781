"""A picker that Envoy cannot reach: what the guide saw, and what mends it."""

from typing import Any, Final

import pytest

from tests.picker import guide
from tests.picker.envoy import Envoy
from tests.picker.lab import DESTINATION, Result
from tests.picker.labs import Lab, Serving

NOBODY: Final = "127.0.0.1:1"
NO_ENDPOINT: Final = ""
FILTERS: Final[dict[str, list[dict[str, Any]]]] = {"istio": [], "guide": [guide.own_filter()]}


def test_with_its_certificate_a_picker_is_verified_and_picks(lab: Lab) -> None:
    """`--secure-serving --cert-path`: what Istio 1.26 needs instead of a filter."""
    picker = lab.picker(Serving.CERTIFICATE)
    answer = lab.start(picker, ca=lab.ca).send("POST", guide.CHAT, guide.BODY)
    assert lab.became(answer, picker) is Result.PICKED


def test_once_it_is_trusted_the_filter_is_what_breaks(lab: Lab) -> None:
    picker = lab.picker(Serving.CERTIFICATE)
    envoy = lab.start(picker, ca=lab.ca, envoy_filters=FILTERS["guide"])
    answer = lab.send_in_vain(envoy, picker, guide.CHAT, guide.BODY)
    assert lab.became(answer, picker) is Result.HANGS


@pytest.mark.parametrize(
    ("mode", "result"), [("istio", Result.REFUSED), ("guide", Result.BYPASSED)]
)
def test_without_cert_path_it_is_not_trusted(lab: Lab, mode: str, result: Result) -> None:
    """The picker makes a certificate of its own, and Envoy ends the handshake."""
    picker = lab.picker(Serving.SELF_SIGNED)
    envoy = lab.start(picker, ca=lab.ca, envoy_filters=FILTERS[mode])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is result
    assert envoy.counted("ssl.fail_verify_error") > 0
    assert picker.heard == 0


@pytest.mark.parametrize(
    ("mode", "result"), [("istio", Result.REFUSED), ("guide", Result.BYPASSED)]
)
def test_without_secure_serving_the_handshake_fails(lab: Lab, mode: str, result: Result) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, ca=lab.ca, envoy_filters=FILTERS[mode])
    assert lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker) is result
    assert picker.heard == 0


@pytest.mark.parametrize(
    ("mode", "address", "result"),
    [
        ("istio", NOBODY, Result.REFUSED),
        ("istio", NO_ENDPOINT, Result.BYPASSED),
        ("guide", NOBODY, Result.BYPASSED),
        ("guide", NO_ENDPOINT, Result.BYPASSED),
    ],
)
def test_a_picker_that_is_not_there(lab: Lab, mode: str, address: str, result: Result) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, address=address, envoy_filters=FILTERS[mode])
    answer = envoy.send("POST", guide.CHAT, guide.BODY)
    assert lab.became(answer, picker) is result
    assert answer.status == (500 if result is Result.REFUSED else 200)


@pytest.mark.parametrize("address", [NOBODY, NO_ENDPOINT])
@pytest.mark.parametrize("filters", [[], [guide.closed_filter()]], ids=FILTERS)
def test_fail_closed_nothing_passes_a_picker_by(
    lab: Lab, address: str, filters: list[dict[str, Any]]
) -> None:
    picker = lab.picker()
    envoy = lab.start(
        picker, address=address, version="1.28.5", fail_open=False, envoy_filters=filters
    )
    answer = envoy.send("POST", guide.CHAT, guide.BODY)
    assert lab.became(answer, picker) is Result.REFUSED
    assert answer.status == 500


@pytest.mark.parametrize("mode", FILTERS)
def test_a_body_that_comes_later_passes_the_picker_by(lab: Lab, mode: str) -> None:
    """So a 200 under streams does not prove a picker either."""
    picker = lab.picker()
    envoy = lab.start(picker, address=NOBODY, envoy_filters=FILTERS[mode])
    answer = envoy.send("POST", guide.CHAT, guide.BODY, before_body=lambda: _passed_by(envoy))
    assert lab.became(answer, picker) is Result.BYPASSED
    assert lab.pods.received[0].body == guide.BODY


def _passed_by(envoy: Envoy) -> None:
    envoy.wait_for("ext_proc.failure_mode_allowed")


@pytest.mark.parametrize("mode", FILTERS)
def test_while_it_is_passed_by_a_client_chooses_its_pod(lab: Lab, mode: str) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, address=NO_ENDPOINT, envoy_filters=FILTERS[mode])
    wanted = lab.pods.addresses[-1]
    for _ in lab.pods.addresses:
        assert envoy.send("POST", guide.CHAT, guide.BODY, {DESTINATION: wanted}).status == 200
    assert {received.pod for received in lab.pods.received} == {wanted}


def test_a_picker_overwrites_what_a_client_chose(lab: Lab) -> None:
    picker = lab.picker()
    chosen = {DESTINATION: lab.pods.addresses[0]}
    answer = lab.start(picker).send("POST", guide.CHAT, guide.BODY, chosen)
    assert lab.became(answer, picker) is Result.PICKED
