"""Settings are read whole or not at all, and every problem says where it is and what is allowed."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from modelgate.config import KEY, Gateway, Model, StackConfig, load
from modelgate.config.schema import schema_text, stack_schema
from modelgate.environments import NON_PRODUCTION, is_production
from modelgate.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[1]
STACKS = ("dev", "guide", "lab", "prod")

TEN_LINES = """
config:
  modelgate:platform:
    release: "3.4"
    gateway:
      hostname: maas.example.com
      certificate: maas-tls
    models:
      - name: granite
        uri: hf://ibm-granite/granite-3.3-8b-instruct
        replicas: 2
"""


def ten_lines() -> dict[str, Any]:
    platform: dict[str, Any] = yaml.safe_load(TEN_LINES)["config"][KEY]
    return platform


def refused(raw: dict[str, Any], stack: str = "prod") -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(raw, stack, f"Pulumi.{stack}.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The ten lines with `value` at the dotted `path`; list items by number."""
    raw = copy.deepcopy(ten_lines())
    *parents, last = path.split(".")
    place: Any = raw
    for part in parents:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    place[last] = value
    return raw


def test_ten_lines_are_enough() -> None:
    config = load(ten_lines(), "prod", "Pulumi.prod.yaml")
    model = config.models[0]
    assert config.gateway.hostname_on_listener is False
    assert config.test_gateway is None
    assert config.network.policies is True
    assert model.served_as == "ibm-granite/granite-3.3-8b-instruct"
    assert model.path == "/models/granite"
    assert (model.weights and model.weights.model_dump()) == {
        "queue": 2,
        "kv_cache": 2,
        "prefix_cache": 3,
    }


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stacks_load(stack: str) -> None:
    raw = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"][KEY]
    config = load(raw, stack, f"Pulumi.{stack}.yaml")
    assert isinstance(config, StackConfig)
    assert "apiKeyValues" not in json.dumps(raw)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("release", 3.4, 'release is 3.4; it must be text: write "3.4", in quotes'),
        ("release", "1.0", "known are 3.0, 3.2, 3.3, 3.4, 3.5, kserve-0.16, kserve-0.20"),
        ("relase", "3.4", "relase is not a setting; did you mean release?"),
        ("models.0.replica", 2, "models[0].replica is not a setting; did you mean replicas?"),
        ("models.0.replicas", "two", 'models[0].replicas is "two"; it must be a whole number'),
        ("models.0.replicas", 2.5, "models[0].replicas is 2.5; it must be a whole number"),
        ("models.0.replicas", -1, "models[0].replicas is -1; it must be 0 or more"),
        ("models.0.name", "Granite", 'models[0].name is "Granite"; it must be lower-case'),
        ("models.0.uri", "granite", "it must be a URI such as hf://"),
        ("models.0.route", "ours", "models[0].route is \"ours\"; it must be 'own' or 'managed'"),
        ("models.0.served_name", "x", "served_name is not a setting; did you mean servedName?"),
        ("models.0.template", {"command": ["{{ .Name }}"]}, "must not contain `{{`"),
        ("models.0.worker", {}, "worker needs parallelism.pipeline or parallelism.data"),
        ("models.0.parallelism", {"data": 2}, "must have data and dataLocal together"),
        (
            "models.0.annotations",
            {"security.opendatahub.io/enable-auth": "false"},
            "must not hold security.opendatahub.io/enable-auth",
        ),
        ("models", [], "models is a list; it must not be empty"),
        ("models", [7], "models[0] is 7; it must be a mapping"),
        ("gateway", None, "gateway is null; it must be a mapping"),
        ("gateway.name", "data-science-gateway", "which serves OpenShift AI's own pages"),
        ("gateway.hostname", "maas", "must be a full, lower-case DNS name"),
        ("gateway.hostname", "*.example.com", "must not be a wildcard: Kuadrant's filter cuts"),
        ("gateway.redirectHttp", "yes", 'redirectHttp is "yes"; it must be true or false'),
        ("gateway.dns", {"provider": "aws"}, "set gateway.hostnameOnListener to true"),
        ("gateway.hostnameOnListener", True, "versions.kuadrant is not stated: state it"),
        ("gateway.tiers", [], "gateway.tiers is a list; it must not be empty"),
        ("gateway.access", {"tokenReview": {"audiences": [], "tier": "standard"}}, "not be empty"),
        (
            "gateway.access",
            {"tokenReview": {"audiences": ["https://kubernetes.default.svc"], "tier": "standard"}},
            "every pod has such a token",
        ),
        (
            "gateway.access",
            {"keys": [{"id": "a-1", "user": "a", "tier": "standrad"}]},
            "keys[0].tier is standrad, which is no tier; did you mean standard?",
        ),
        (
            "gateway.access",
            {"jwt": {"issuerUrl": "http://sso", "audience": "maas", "tier": "standard"}},
            "must start with https://",
        ),
        ("gateway.access", {"keyLabels": {}}, "must not be empty"),
        ("envoyFilter", "on", "it must be 'auto', 'guide' or 'off'"),
        ("versions", {"istio": "latest"}, "must be a version such as 1.28.5, or detect"),
        ("versions", {"kuadrant": "detect"}, "must be a version such as 1.28.5"),
        ("versions", {"openshift": "3.11"}, "known are 4.19"),
    ],
)
def test_a_problem_says_where_and_what_is_allowed(path: str, value: Any, said: str) -> None:
    message = refused(changed(path, value))
    assert message.startswith(f"Pulumi.prod.yaml: {KEY}.")
    assert said in message


def test_every_problem_is_told_at_once() -> None:
    raw = changed("models.0.replica", 2) | {"envoyFilter": "on"}
    del raw["release"]
    message = refused(raw)
    assert "3 settings are wrong" in message
    assert f"{KEY}.release is missing" in message


def test_a_value_in_a_wrong_place_is_not_shown() -> None:
    raw = changed("gateway.access", {"keys": [{"id": "a", "value": "sk-1234"}]})
    assert "sk-1234" not in refused(raw)


def test_two_of_one_name() -> None:
    raw = ten_lines()
    raw["models"] *= 2
    assert "has /models/granite more than once" in refused(raw)


def test_a_hostname_on_the_listener_needs_a_filter_that_ignores_case() -> None:
    raw = changed("gateway.hostnameOnListener", True)
    raw["versions"] = {"kuadrant": "1.5.2"}
    assert "`Host: MAAS.EXAMPLE.COM` would pass without credentials" in refused(raw)
    raw["versions"] = {"kuadrant": "1.5.3"}
    assert load(raw, "prod", "Pulumi.prod.yaml").gateway.hostname_on_listener


def test_a_managed_route_stays_on_the_default_gateway_of_kserve_0_16() -> None:
    raw = changed("models.0.route", "managed") | {"release": "kserve-0.16"}
    assert "keeps managed routes on its own gateway" in refused(raw)


@pytest.mark.parametrize(
    ("release", "why"), [("3.4", "every model TLS by itself"), ("kserve-0.16", "has no TLS")]
)
def test_tls_of_models_is_stated_only_where_it_may_differ(release: str, why: str) -> None:
    raw = {**ten_lines(), "release": release, "modelTls": True}
    assert why in refused(raw)


@pytest.mark.parametrize("stack", ["prod", "staging", "production", "devil", "acme/modelgate/prod"])
def test_production_has_no_open_gateway(stack: str) -> None:
    raw = ten_lines() | {"testGateway": {"certificate": "tls"}}
    assert is_production(stack, NON_PRODUCTION)
    assert f"stack {stack} is production" in refused(raw, stack)


@pytest.mark.parametrize("stack", ["dev", "dev-anna", "test", "test-2", "local", "lab", "o/p/dev"])
def test_elsewhere_it_may_be(stack: str) -> None:
    raw = ten_lines() | {"testGateway": {"certificate": "tls"}}
    assert not is_production(stack)
    assert load(raw, stack, "here").test_gateway is not None


def test_the_guide_is_production_everywhere_but_here() -> None:
    assert is_production("guide")
    raw = ten_lines() | {"testGateway": {"certificate": "tls"}}
    assert load(raw, "guide", "here").test_gateway is not None


def test_two_gateways_of_one_name() -> None:
    raw = changed("gateway.name", "openshift-ai-inference") | {"testGateway": {"certificate": "t"}}
    assert "and so is the test gateway's" in refused(raw, "dev")


def test_settings_cannot_be_changed() -> None:
    model = Model(name="granite", uri="hf://ibm-granite/granite-3.3-8b-instruct")
    with pytest.raises(ValidationError, match="frozen"):
        model.replicas = 2


def test_names_of_python_are_taken_from_python() -> None:
    gateway = Gateway(hostname="maas.example.com", certificate="tls", redirect_http=True)
    assert gateway.redirect_http


def test_assumptions_are_what_is_stated() -> None:
    raw = ten_lines() | {"versions": {"openshift": "4.22"}}
    config = load(raw, "prod", "here")
    assert config.assumptions == {"openshift-ai": "3.4", "openshift": "4.22", "istio": "1.28.5"}


def test_detect_is_no_version_and_assumes_what_openshift_brings() -> None:
    detect = load(ten_lines() | {"versions": {"istio": "detect"}}, "prod", "here")
    assert detect.assumptions == {"openshift-ai": "3.4"}
    versions = {"istio": "detect", "openshift": "4.20"}
    both = load(ten_lines() | {"versions": versions}, "prod", "here")
    assert both.assumptions["istio"] == "1.26.8"


def test_schema_is_current(request: pytest.FixtureRequest) -> None:
    file = ROOT / "schema" / "stack.schema.json"
    if request.config.getoption("--update-golden"):
        file.write_text(schema_text())
    assert file.read_text() == schema_text()


@pytest.mark.parametrize("stack", STACKS)
def test_schema_accepts_the_committed_stacks(stack: str) -> None:
    jsonschema.validate(yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text()), stack_schema())


def test_schema_refuses_a_misspelt_setting() -> None:
    stack = {"config": {KEY: changed("models.0.replica", 2)}}
    with pytest.raises(jsonschema.ValidationError, match="replica"):
        jsonschema.validate(stack, stack_schema())
