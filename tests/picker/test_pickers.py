"""Each generation of pickers under each body mode, with the filter as this program declares it."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from components.manifests.envoy_filter import decide
from modelgate.config import Mode
from tests.picker import guide
from tests.picker.lab import DESTINATION, Result
from tests.picker.labs import Lab, ScriptedLab
from tests.picker.scripted import per_message
from tests.picker.test_filters_in_the_wild import changed

SMALL: Final = guide.BODY
LARGE: Final = json.dumps(
    {**guide.ASKED, "messages": [{"role": "user", "content": "a" * 3_000_000}]}
).encode()
BUFFERED, STREAMED_BOTH_WAYS = 2, 4

PLACES = {
    "own": (guide.own_route, guide.own_filter, "maas-gateway"),
    "managed": (guide.managed_route, guide.managed_filter, "openshift-ai-inference"),
}


def place(name: str, *, patched: bool) -> dict[str, Any]:
    route, envoy_filter, gateway = PLACES[name]
    filters = [envoy_filter()] if patched else []
    return {"route_manifests": [route()], "envoy_filters": filters, "name": gateway}


@pytest.mark.parametrize("istio", ["1.26.2", "1.27.3", "1.28.5"])
@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_as_istio_configures_it_a_picker_picks(lab: Lab, istio: str, body: bytes) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, version=istio)
    answer = envoy.send("POST", guide.CHAT, body)
    assert lab.became(answer, picker) is Result.PICKED
    assert json.loads(lab.pods.received[0].body) == json.loads(body)
    assert lab.pods.received[0].body != body  # a picker writes JSON anew
    assert answer.headers["transfer-encoding"] == "chunked"


def test_envoy_says_which_body_mode_it_has(scripted_lab: ScriptedLab) -> None:
    picker = scripted_lab.picker()
    scripted_lab.start(picker).send("POST", guide.CHAT, SMALL)
    assert picker.body_modes == {STREAMED_BOTH_WAYS}


def test_with_the_guide_s_filter_a_picker_gets_the_headers_only(scripted_lab: ScriptedLab) -> None:
    picker = scripted_lab.picker()
    envoy = scripted_lab.start(picker, **place("own", patched=True))
    scripted_lab.send_in_vain(envoy, picker, guide.CHAT, SMALL)
    assert picker.received == ["request_headers"]
    assert picker.body_modes == {BUFFERED}


@pytest.mark.parametrize(
    ("mode", "istio", "result"),
    [
        ("off", "1.26.2", Result.PICKED),
        ("auto", "1.26.2", Result.PICKED),
        ("guide", "1.26.2", Result.HANGS),
        ("guide", "1.27.3", Result.PICKED),
        ("guide", "1.28.5", Result.PICKED),
    ],
)
def test_what_each_mode_of_the_setting_does(
    lab: Lab, mode: Mode, istio: str, result: Result
) -> None:
    decision = decide(mode, guide.RELEASE, istio)
    picker = lab.picker()
    envoy = lab.start(picker, version=istio, **place("own", patched=decision.declared))
    if result is Result.HANGS:
        answer = lab.send_in_vain(envoy, picker, guide.CHAT, SMALL)
    else:
        answer = envoy.send("POST", guide.CHAT, SMALL)
    assert lab.became(answer, picker) is result


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("path", [guide.COMPLETIONS, guide.CHAT])
def test_with_the_guide_s_filter_a_completion_hangs(lab: Lab, where: str, path: str) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, **place(where, patched=True))
    answer = lab.send_in_vain(envoy, picker, path, SMALL)
    assert lab.became(answer, picker) is Result.HANGS


@pytest.mark.parametrize("picker_is", ["well", "frozen"])
@pytest.mark.parametrize("where", PLACES)
def test_after_the_time_out_it_passes_the_picker_by(lab: Lab, where: str, picker_is: str) -> None:
    picker = lab.frozen() if picker_is == "frozen" else lab.picker()
    envoy = lab.start(picker, message_timeout="1s", **place(where, patched=True))
    answer = envoy.send("POST", guide.CHAT, SMALL)
    assert lab.became(answer, picker) is Result.BYPASSED
    assert lab.pods.received[0].body == SMALL
    assert "content-length" in answer.headers


@pytest.mark.parametrize("mode", ["BUFFERED", "STREAMED"])
def test_no_mode_but_full_duplex_carries_a_pick(lab: Lab, mode: str) -> None:
    picker = lab.picker()
    filters = [changed(guide.own_filter(), mode=mode)]
    envoy = lab.start(picker, envoy_filters=filters, message_timeout="1s")
    assert lab.became(envoy.send("POST", guide.CHAT, SMALL), picker) is Result.BYPASSED
    assert picker.heard == 1


def test_fail_closed_it_ends_with_504(lab: Lab) -> None:
    picker = lab.picker()
    filters = [guide.closed_filter()]
    envoy = lab.start(picker, version="1.27.3", envoy_filters=filters, message_timeout="1s")
    answer = envoy.send("POST", guide.CHAT, SMALL)
    assert lab.became(answer, picker) is Result.REFUSED
    assert answer.status == 504


@pytest.mark.parametrize("istio", ["1.27.3", "1.28.5"])
def test_the_filter_stops_by_itself_after_an_upgrade(lab: Lab, istio: str) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, version=istio, **place("own", patched=True))
    assert lab.became(envoy.send("POST", guide.CHAT, SMALL), picker) is Result.PICKED


def test_a_large_prompt_is_refused(lab: Lab) -> None:
    """A buffer holds 1 MiB."""
    picker = lab.picker()
    envoy = lab.start(picker, **place("own", patched=True))
    answer = envoy.send("POST", guide.CHAT, LARGE)
    assert lab.became(answer, picker) is Result.REFUSED
    assert answer.status == 413


@pytest.mark.parametrize("where", PLACES)
def test_auto_declares_it_for_a_picker_that_answers_buffered(
    scripted_lab: ScriptedLab, where: str
) -> None:
    """Inference extension 0.3.0 with USE_STREAMING=false."""
    old = replace(guide.RELEASE.picker, inference_extension="0.3.0", body_modes=("BUFFERED",))
    decision = decide("auto", replace(guide.RELEASE, picker=old), "1.26.2")
    assert decision.declared
    picker = scripted_lab.picker(script=per_message)
    envoy = scripted_lab.start(picker, **place(where, patched=decision.declared))
    assert scripted_lab.became(envoy.send("POST", guide.CHAT, SMALL), picker) is Result.PICKED
    assert scripted_lab.pods.received[0].body == SMALL
    assert envoy.send("POST", guide.CHAT, LARGE).status == 413


def test_without_the_filter_that_picker_breaks_every_completion(scripted_lab: ScriptedLab) -> None:
    picker = scripted_lab.picker(script=per_message)
    answer = scripted_lab.start(picker).send("POST", guide.CHAT, SMALL)
    assert scripted_lab.became(answer, picker) is Result.REFUSED
    assert answer.status == 500


def test_a_get_is_picked_too(lab: Lab) -> None:
    picker = lab.picker()
    assert lab.became(lab.start(picker).send("GET", guide.CHAT), picker) is Result.PICKED


def test_a_get_through_the_picker_breaks_under_buffered(lab: Lab) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, **place("own", patched=True))
    assert envoy.send("GET", guide.CHAT).status == 500
    assert lab.pods.received[0].headers[DESTINATION] == lab.pods.received[0].pod


def test_a_direct_route_does_not_care(lab: Lab) -> None:
    picker = lab.picker()
    envoy = lab.start(picker, **place("own", patched=True))
    assert lab.became(envoy.send("GET", guide.MODELS), picker) is Result.BYPASSED
    assert picker.heard == 0


def test_no_time_out_ends_a_stream_to_a_picker_that_is_frozen(lab: Lab) -> None:
    """Envoy has no timer for messages in this mode, whatever message_timeout says."""
    picker = lab.frozen()
    envoy = lab.start(picker, message_timeout="1s")
    answer = envoy.send("POST", guide.CHAT, SMALL, patience=2)
    assert lab.became(answer, picker) is Result.HANGS
