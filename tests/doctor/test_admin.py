"""Envoy's counts are read as Envoy writes them, and a cluster without endpoints is seen."""

import pytest

from modelgate.doctor.admin import parse
from modelgate.doctor.snapshot import Upstream
from tests.doctor.faults.breaking import CLUSTER
from tests.picker.evidence import recorded

WANTED = ["|qwen3-0-6b-epp-service.my-first-model."]
PLAIN = recorded("plaintext_to_tls").clusters


def test_counts_are_read_by_endpoint() -> None:
    other = PLAIN.replace("9002||", "8000||").replace("epp-service", "kserve-workload-svc")
    (found,) = parse(PLAIN + other, WANTED)
    host = found.host
    assert found == Upstream(CLUSTER, host, connected=2, connect_failed=0, requests=2, failed=2)
    assert host.startswith("127.0.0.1:")


def test_an_address_of_version_6_is_no_separator() -> None:
    text = PLAIN.replace("::127.0.0.1:", "::[fd00::9]:")
    assert [one.host.rpartition(":")[0] for one in parse(text, WANTED)] == ["[fd00::9]"]


def test_a_cluster_without_endpoints_is_seen() -> None:
    assert parse(recorded("no_endpoints").clusters, WANTED) == (Upstream(CLUSTER, ""),)


@pytest.mark.parametrize("text", ["", "no counts\n", "a::b\n"])
def test_anything_else_counts_nothing(text: str) -> None:
    assert parse(text, WANTED) == ()
