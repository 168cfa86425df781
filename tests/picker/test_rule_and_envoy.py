"""The rule picker-bypass and a real Envoy say the same of the same EnvoyFilter."""

from typing import Any, Final

import pytest

from components.manifests.gateway import maas_gateway
from components.manifests.model import llm_inference_service
from modelgate.findings import Confidence, Severity
from modelgate.topology import UNKNOWN, Object, Settings, analyze
from policies.rules import picker_bypass
from tests.picker import guide
from tests.picker.lab import Result
from tests.picker.labs import Lab
from tests.picker.test_filters_in_the_wild import NAMED, changed

ISTIO: Final = "1.26.2"
STREAMS: Final = "FULL_DUPLEX_STREAMED"
FILTERS: Final[dict[str, list[dict[str, Any]]]] = {
    "none": [],
    "guide": [guide.own_filter()],
    "streams": [changed(guide.own_filter(), mode=STREAMS)],
    "no cluster": [changed(guide.own_filter(), without="grpc_service", mode=STREAMS)],
    "no modes": [changed(guide.own_filter(), without="processing_mode")],
    "another name": [changed(guide.own_filter(), name=NAMED)],
    "another gateway": [guide.managed_filter()],
}


def objects(*manifests: dict[str, Any]) -> list[Object]:
    """Manifests beside the guide's gateway, model and route."""
    service = llm_inference_service(guide.MODEL, guide.RELEASE)
    gateway = maas_gateway(guide.GATEWAY, [guide.MODEL.namespace])
    return [
        Object(
            body["apiVersion"],
            body["kind"],
            body["metadata"]["namespace"],
            body["metadata"]["name"],
            body,
        )
        for body in (gateway, service, guide.own_route(), *manifests)
    ]


def grave(*manifests: dict[str, Any]) -> list[str]:
    """What the rule is sure of and finds grave."""
    settings = Settings(assume={"openshift-ai": guide.CONFIG.release, "istio": ISTIO})
    found = picker_bypass.check(analyze(objects(*manifests), settings))
    sure = [one for one in found if one.confidence is Confidence.CERTAIN]
    return [one.message for one in sure if one.severity is Severity.HIGH]


@pytest.mark.parametrize("name", FILTERS)
def test_the_rule_finds_what_envoy_does(lab: Lab, name: str) -> None:
    filters = FILTERS[name]
    picker = lab.picker()
    envoy = lab.start(picker, version=ISTIO, envoy_filters=filters, message_timeout="1s")
    result = lab.became(envoy.send("POST", guide.CHAT, guide.BODY), picker)
    assert (result is Result.PICKED) is (grave(*filters) == [])


def test_a_value_that_is_not_known_yet_is_said() -> None:
    declared = changed(guide.own_filter(), mode=STREAMS)
    (patch, *_) = declared["spec"]["configPatches"]
    patch["match"]["routeConfiguration"]["vhost"]["route"]["name"] = UNKNOWN
    settings = Settings(assume={"openshift-ai": guide.CONFIG.release, "istio": ISTIO})
    messages = [one.message for one in picker_bypass.check(analyze(objects(declared), settings))]
    assert any("name is not known before the update" in message for message in messages)
