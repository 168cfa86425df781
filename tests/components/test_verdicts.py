"""The judge, who does not know the components, finds every door of theirs closed."""

from typing import Any

import pytest

from components.stack import ModelStack
from modelgate import versions
from modelgate.config import StackConfig
from modelgate.findings import Verdict
from modelgate.topology import Object, Report, Settings
from policies.judgement import REJECTING, judge
from tests.components.recording import objects, record
from tests.components.samples import RELEASES, ten_lines
from tests.components.test_goldens import hidden

TABLE = versions.table()
IDENTITIES = {
    "jwt": {"issuerUrl": "https://sso.example.com", "audience": "maas", "tier": "standard"},
    "tokenReview": {"audiences": ["maas.example.com"], "tier": "standard"},
}
NAMED = {"hostnameOnListener": True, "dns": {"provider": "aws"}, "tls": {"issuer": "letsencrypt"}}


def verdict(config: StackConfig) -> Report:
    """As in production, with the versions that `config` states."""
    registered = record(lambda: ModelStack("platform", config))
    declared = [_object(hidden(one.inputs)) for one in objects(registered).values()]
    return judge(declared, Settings("production", config.assumptions, installed=True))


def _object(body: dict[str, Any]) -> Object:
    metadata = body["metadata"]
    return Object(
        body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"], body
    )


def closed(report: Report) -> None:
    assert report.doors
    assert {door.name: door.reason for door in report.doors if not_closed(door.verdict)} == {}
    assert report.inside_only == ()


def accepted(report: Report) -> None:
    closed(report)
    assert [one.message for one in report.findings if one.severity in REJECTING] == []


def not_closed(verdict: Verdict) -> bool:
    return verdict is not Verdict.PROTECTED


def stated(release: str, kuadrant: str) -> dict[str, str]:
    istio = "1.26.2" if len(TABLE.release(release).pools) == 1 else "1.28.5"
    return {"kuadrant": kuadrant, "gatewayApi": "1.4", "istio": istio}


@pytest.mark.parametrize("kuadrant", TABLE.supported("kuadrant"))
@pytest.mark.parametrize("release", RELEASES)
def test_ten_lines_are_closed(release: str, kuadrant: str) -> None:
    closed(verdict(ten_lines(release, versions=stated(release, kuadrant))))


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_rejects_ten_lines(release: str) -> None:
    accepted(verdict(ten_lines(release, versions=stated(release, "1.5.2"))))


@pytest.mark.parametrize("release", [one for one in RELEASES if one != "kserve-0.16"])
def test_a_route_that_kserve_writes_is_closed(release: str) -> None:
    model = {"name": "granite", "uri": "hf://acme/granite", "route": "managed"}
    accepted(verdict(ten_lines(release, models=[model], versions=stated(release, "1.5.2"))))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    "more", [{"access": IDENTITIES}, {"redirectHttp": True}, NAMED, NAMED | {"redirectHttp": True}]
)
def test_further_settings_open_nothing(release: str, more: dict[str, Any]) -> None:
    gateway = {"hostname": "maas.example.com", "certificate": "maas-tls", **more}
    accepted(verdict(ten_lines(release, gateway=gateway, versions=stated(release, "1.5.3"))))
