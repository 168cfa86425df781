"""What a service inherits counts like what it says itself."""

from typing import Any

import pytest

from modelgate.topology.derive import INCOMPLETE
from modelgate.topology.derive.merge import merged, rendered
from modelgate.topology.objects import UNKNOWN, Object
from tests.derive.samples import NAME, NAMESPACE, derived, manifest, service, to

ROUTE = f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"
PICKER = f"Deployment {NAMESPACE}/{NAME}-kserve-router-scheduler"


def base(name: str, namespace: str = NAMESPACE, **spec: Any) -> Object:
    version = "serving.kserve.io/v1alpha1"
    body = {"spec": spec}
    return manifest(version, "LLMInferenceServiceConfig", (namespace, name), body)


def using(*names: str, **more: Any) -> Object:
    return service(baseRefs=[{"name": name} for name in names], **more)


def test_a_route_comes_from_the_base() -> None:
    shared = base("shared", router={"route": {}, "gateway": to("open-gateway")})
    parents = derived("3.4", using("shared"), shared)[ROUTE].spec["parentRefs"]
    assert [one["name"] for one in parents] == ["open-gateway"]


def test_the_service_says_it_last_and_a_later_base_wins() -> None:
    first = base("first", router={"route": {}, "gateway": to("one")})
    second = base("second", router={"gateway": to("two")})
    both = derived("3.4", using("first", "second"), first, second)
    assert both[ROUTE].spec["parentRefs"][0]["name"] == "two"
    own = using("first", "second", router={"gateway": to("own")})
    last = derived("3.4", own, first, second)
    assert [one["name"] for one in last[ROUTE].spec["parentRefs"]] == ["own"]


def test_the_model_name_of_a_base_wins_over_the_services_own() -> None:
    shared = base("shared", router={"route": {}}, model={"uri": "hf://a/b", "name": "base/name"})
    rules = derived("3.5", using("shared"), shared)[ROUTE].spec["rules"]
    prefixes = [
        match["path"]["value"] for rule in rules for match in rule["matches"] if "path" in match
    ]
    assert f"/publishers/{NAMESPACE}/models/base/name" in prefixes


def test_the_namespace_of_kserve_is_looked_at_second() -> None:
    system = base("shared", "redhat-ods-applications", router={"route": {}, "scheduler": {}})
    assert PICKER in derived("3.4", using("shared"), system)
    elsewhere = base("shared", "somewhere", router={"route": {}})
    found = derived("3.4", using("shared"), elsewhere)
    assert [rule["matches"] for rule in found[ROUTE].spec["rules"]] == [UNKNOWN]
    assert "shared" in found[ROUTE].metadata["annotations"][INCOMPLETE]


def test_templates_are_filled_in_for_the_service() -> None:
    rule = {
        "matches": [{"path": {"value": "/{{ .ObjectMeta.Namespace }}/{{ .Spec.Model.Name }}"}}],
        "backendRefs": [
            {"kind": "InferencePool", "name": "{{ ChildName .ObjectMeta.Name `-inference-pool` }}"}
        ],
    }
    shared = base(
        "shared", router={"scheduler": {}, "route": {"http": {"spec": {"rules": [rule]}}}}
    )
    (found,) = derived("3.4", using("shared"), shared)[ROUTE].spec["rules"]
    assert found["matches"][0]["path"]["value"] == f"/{NAMESPACE}/Qwen/Qwen3-0.6B"
    assert found["backendRefs"][0] == {
        "kind": "InferencePool",
        "name": f"{NAME}-inference-pool",
        "group": "inference.networking.k8s.io",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ .Name }}-{{.Namespace}}", "n-ns"),
        ('{{ ChildName .Name "-x" }}', "child-x"),
        ("{{ if .GlobalConfig.EnableTLS }}--a=b{{- end }}", "--a=b"),
        ("{{ if .GlobalConfig.EnableTLS }}HTTPS{{else}}HTTP{{- end }}", "HTTPS"),
        ("{{ shutdownTimeout .Spec.Template 15 }}", UNKNOWN),
        ("{{ .Unfinished", "{{ .Unfinished"),
    ],
)
def test_what_cannot_be_filled_in_is_unknown(text: str, expected: Any) -> None:
    known = {".Name": "n", ".Namespace": "ns"}
    assert rendered([text], known, lambda suffix: f"child{suffix}") == [expected]


def test_lists_merge_by_key_where_kubernetes_does() -> None:
    patch = {"containers": [{"name": "main", "args": ["b"]}, {"name": "side"}], "tolerations": []}
    ports = [{"containerPort": 1}]
    start = {
        "containers": [{"name": "main", "args": ["a"], "ports": ports}],
        "tolerations": [{"key": "gpu"}],
    }
    assert merged(start, patch) == {
        "containers": [{"name": "main", "args": ["b"], "ports": ports}, {"name": "side"}],
        "tolerations": [],
    }
    assert merged({"a": 1}, {"a": UNKNOWN, "b": None}) == {"a": UNKNOWN, "b": None}
