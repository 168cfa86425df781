"""Envoy's counts are read as Envoy writes them, and a cluster without endpoints is seen."""

import pytest

from modelgate.doctor.admin import parse
from modelgate.doctor.snapshot import Upstream
from tests.doctor.faults.breaking import CLUSTER

WANTED = ["|qwen3-0-6b-epp-service.my-first-model."]
HEAD = f"""\
{CLUSTER}::default_priority::max_connections::4294967295
{CLUSTER}::added_via_api::true
"""
HOST = f"""\
{CLUSTER}::10.0.0.9:9002::cx_active::1
{CLUSTER}::10.0.0.9:9002::cx_connect_fail::2
{CLUSTER}::10.0.0.9:9002::cx_total::3
{CLUSTER}::10.0.0.9:9002::rq_error::4
{CLUSTER}::10.0.0.9:9002::rq_total::5
{CLUSTER}::10.0.0.9:9002::health_flags::healthy
"""


def test_counts_are_read_by_endpoint() -> None:
    other = HOST.replace("9002||", "8000||").replace("epp-service", "kserve-workload-svc")
    assert parse(HEAD + HOST + other, WANTED) == (
        Upstream(CLUSTER, "10.0.0.9:9002", connected=3, connect_failed=2, requests=5, failed=4),
    )


def test_an_address_of_version_6_is_no_separator() -> None:
    text = HOST.replace("10.0.0.9:9002", "[fd00::9]:9002")
    assert [one.host for one in parse(text, WANTED)] == ["[fd00::9]:9002"]


def test_a_cluster_without_endpoints_is_seen() -> None:
    assert parse(HEAD, WANTED) == (Upstream(CLUSTER, ""),)


@pytest.mark.parametrize("text", ["", "no counts\n", "a::b\n"])
def test_anything_else_counts_nothing(text: str) -> None:
    assert parse(text, WANTED) == ()
