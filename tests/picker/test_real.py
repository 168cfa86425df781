"""What only the released picker can show: pods that are not ready, and its own answers."""

from typing import Final

from tests.picker import guide
from tests.picker.lab import DESTINATION, Result
from tests.picker.labs import RealLab
from tests.picker.pods import HOSTS

NO_CANDIDATE: Final = b"inference error: ServiceUnavailable - failed to find endpoint candidates"


def test_where_no_pod_is_ready_the_picker_answers_503(real_lab: RealLab) -> None:
    picker = real_lab.picker()
    envoy = real_lab.start(picker)
    with real_lab.pool.nobody_ready():
        picker.epp.wait_for_pods(0)
        answer = envoy.send("POST", guide.CHAT, guide.BODY)
    picker.epp.wait_for_pods(len(HOSTS))
    assert answer.status == 503
    assert answer.body.startswith(NO_CANDIDATE)
    assert real_lab.became(answer, picker) is Result.REFUSED


def test_under_buffered_even_a_pod_that_is_not_ready_answers(real_lab: RealLab) -> None:
    picker = real_lab.picker()
    filters = [guide.own_filter()]
    envoy = real_lab.start(picker, envoy_filters=filters, message_timeout="1s")
    with real_lab.pool.nobody_ready():
        picker.epp.wait_for_pods(0)
        answer = envoy.send("POST", guide.CHAT, guide.BODY)
    picker.epp.wait_for_pods(len(HOSTS))
    assert real_lab.became(answer, picker) is Result.BYPASSED


def test_a_body_that_is_no_json_never_reaches_a_pod(real_lab: RealLab) -> None:
    picker = real_lab.picker()
    answer = real_lab.start(picker).send("POST", guide.CHAT, b"{")
    assert answer.status == 400
    assert answer.body.startswith(b"inference error: BadRequest")
    assert real_lab.became(answer, picker) is Result.REFUSED


def test_a_model_that_nobody_knows_is_picked_for_and_refused_by_the_server(
    real_lab: RealLab,
) -> None:
    picker = real_lab.picker()
    body = guide.BODY.replace(b"Qwen/Qwen3-0.6B", b"nobody/knows")
    answer = real_lab.start(picker).send("POST", guide.CHAT, body)
    assert answer.status == 404
    assert real_lab.became(answer, picker) is Result.PICKED
    assert real_lab.pods.received[0].headers[DESTINATION] in real_lab.pods.addresses
