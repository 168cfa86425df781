"""Generated names are the ones that the cluster will have, hashed ones included."""

import pytest

from modelgate.releases import shadow_service
from modelgate.topology.derive.names import Names, child_name, policy_name

LONG = "a-very-long-llm-inference-service-name-for-testing-truncation"


@pytest.mark.parametrize(
    ("parent", "suffix", "name"),
    [
        ("qwen3-0-6b", "-inference-pool", "qwen3-0-6b-inference-pool"),
        (
            LONG,
            "-inference-pool",
            "a-very-long-llm-f9ace5bb3bef5703c25b0c5ca906b58b-inference-pool",
        ),
        # a suffix of more than 31 characters: parent and suffix are hashed together
        ("a" * 63, "-" + "b" * 40, "a" * 31 + "bf0da6b8a9edeae4742675161c66bc76"),
        (
            "my-first-model",
            f"-{'q' * 50}-epp-auth-rb",
            "my-first-modela81ac67ec47d444fce6b2bf9d9ccd554-qqqqqqqqqqqqqqqq",
        ),
        # what is cut does not end in a dash
        ("ns", "-" * 70, "ns5d27a0fbbcc66670788866f09dcbb70f"),
    ],
)
def test_children_are_named_as_knative_does(parent: str, suffix: str, name: str) -> None:
    """The answers of knative.dev/pkg's kmeta.ChildName (run)."""
    assert child_name(parent, suffix) == name


@pytest.mark.parametrize(
    ("suffix", "longest"),
    [
        ("-kserve-self-signed-certs", 38),
        ("-kserve-router-scheduler", 39),
        ("-kserve-workload-svc", 43),
        ("-inference-pool", 48),
        ("-kserve-route", 50),
        ("-epp-service", 51),
        ("-kserve", 56),
    ],
)
def test_hashing_starts_where_63_characters_end(suffix: str, longest: int) -> None:
    assert child_name("m" * longest, suffix) == "m" * longest + suffix
    assert len(child_name("m" * (longest + 1), suffix)) == 63
    assert suffix in child_name("m" * (longest + 1), suffix)


def test_children_of_one_service_are_known_by_what_they_are() -> None:
    names = Names("qwen3-0-6b")
    assert names.workload_service == "qwen3-0-6b-kserve-workload-svc"
    assert names.picker_service == "qwen3-0-6b-epp-service"
    assert names.route == "qwen3-0-6b-kserve-route"
    assert names.certificates == "qwen3-0-6b-kserve-self-signed-certs"
    assert policy_name(names.route) == "qwen3-0-6b-kserve-route-authn"


def test_istios_own_service_carries_a_hash_of_the_pool() -> None:
    short = shadow_service("qwen3-0-6b-inference-pool")
    assert short.startswith("qwen3-0-6b-inference-pool-ip-")
    assert len(short) == len("qwen3-0-6b-inference-pool-ip-") + 8
    assert len(shadow_service("p" * 63)) == 63
