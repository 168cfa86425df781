"""A picker with an argument too few serves TLS that the gateway refuses, and is passed by.

Up to OpenShift AI 3.3 a list of arguments in the service replaces the preset's whole list
(red-hat-data-services/kserve, config-llm-scheduler.yaml): this is what hid the fault of the guide.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import (
    DEPLOYMENT,
    DESTINATION_RULE,
    MODEL_CONFIG,
    MODEL_SERVICE,
    Kind,
)
from modelgate.doctor.pods import arguments
from modelgate.doctor.results import Problem, Result, judged, many, skipped, warning
from modelgate.doctor.view import View
from modelgate.topology.derive import derive
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings, text

ID = "picker-arguments"
TITLE = "every picker has all its arguments, and the weights that its service asks for"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("model-crds",)
READS: tuple[Kind, ...] = (DEPLOYMENT, MODEL_SERVICE, MODEL_CONFIG, DESTINATION_RULE)
WAY_OUT = "repeat every argument of the preset beside your own, --config-text included"
WAITS = True

_CERTIFICATE = "cert-path"
_BY_DEFAULT = ("secure-serving",)
"""What a picker does without being told (gateway-api-inference-extension, options.go)."""

_CONFIG = ("config-text", "configText", "config-file", "configFile")


def run(view: View) -> Result:
    if view.release is None:
        return skipped("the release of OpenShift AI or KServe is not known")
    derived = derive(
        view.of(MODEL_SERVICE, MODEL_CONFIG), view.release, view.versions.get("istio", "")
    )
    expected = {(obj.namespace, obj.name): obj for obj in derived if obj.kind == "Deployment"}
    problems = [
        problem
        for picker in view.pickers
        for problem in _picker(view, picker, expected.get((picker.namespace, picker.name)))
    ]
    return judged(problems, f"{many(len(view.pickers), 'picker')}, {view.release.picker.name}")


def flags(words: Sequence[str]) -> dict[str, str]:
    """Arguments as flag to value: `--a=b`, `--a b`, `-a b`; a flag alone is "true"."""
    found: dict[str, str] = {}
    last = ""
    for word in words:
        if word.startswith("-") and "\n" not in word:
            flag, sign, value = word.lstrip("-").partition("=")
            found[flag] = value if sign else "true"
            last = "" if sign else flag
        elif last:
            found[last] = word
            last = ""
    return found


def _picker(view: View, picker: Object, expected: Object | None) -> Iterator[Problem]:
    has = flags(arguments(picker))
    wanted = flags(view.release.picker.preset) if view.release else {}
    missing = [flag for flag in wanted if flag not in has and flag not in _BY_DEFAULT]
    command = f"kubectl get deploy -n {picker.namespace} {picker.name} -o yaml"
    if _CERTIFICATE in missing:
        yield _unverifiable(view, picker, command)
    if others := [f"--{flag}" for flag in missing if flag != _CERTIFICATE]:
        yield Problem(f"{picker.ref} lacks {', '.join(others)}", command=command)
    if not any(flag in has for flag in _CONFIG):
        yield warning(f"{picker.ref} has no --config-text: it schedules as its image pleases")
    elif expected is not None:
        yield from _weights(picker, has, flags(arguments(expected)), command)


def _unverifiable(view: View, picker: Object, command: str) -> Problem:
    """A failure where the gateway verifies the picker's certificate, else only doubtful."""
    what = f"{picker.ref} lacks --{_CERTIFICATE}"
    if rule := _verifying(view, picker):
        why = f"the gateway cannot verify its certificate ({rule} asks for it), and passes it by"
        return Problem(f"{what}: {why}", command=command)
    return warning(f"{what}: it makes a certificate of its own, which nobody verifies here")


def _verifying(view: View, picker: Object) -> str:
    """The DestinationRule that has the gateway verify the certificate of this picker's Service."""
    service = picker.name.removesuffix("-kserve-router-scheduler")
    for rule in view.of(DESTINATION_RULE):
        host = text(rule.spec.get("host"))
        tls = mapping(mapping(rule.spec.get("trafficPolicy")).get("tls"))
        verifies = bool(tls) and tls.get("insecureSkipVerify") is not True
        if verifies and host.startswith(f"{service}-epp-service.{picker.namespace}."):
            return rule.ref
    return ""


def _weights(
    picker: Object, has: Mapping[str, str], wanted: Mapping[str, str], command: str
) -> Iterator[Problem]:
    theirs, ours = _scores(has), _scores(wanted)
    if ours and theirs and theirs != ours:
        shown = ", ".join(f"{name}={weight:g}" for name, weight in sorted(theirs.items()))
        asked = ", ".join(f"{name}={weight:g}" for name, weight in sorted(ours.items()))
        yield Problem(
            f"{picker.ref} weighs {shown}; its LLMInferenceService asks for {asked}",
            "an old configuration is kept across upgrades: delete the Deployment, KServe makes it"
            " anew",
            command,
        )


def _scores(has: Mapping[str, str]) -> dict[str, float]:
    """Scorer to weight, over all profiles of the configuration; empty where it is not readable."""
    config = _config(next((has[flag] for flag in _CONFIG if flag in has), ""))
    found: dict[str, float] = {}
    for profile in mappings(config.get("schedulingProfiles")):
        for plugin in mappings(profile.get("plugins")):
            if isinstance(plugin.get("weight"), int | float):
                name = f"{text(profile.get('name'))}/{text(plugin.get('pluginRef'))}"
                found[name.removeprefix("default/")] = float(plugin["weight"])
    return found


def _config(written: str) -> Mapping[str, Any]:
    try:
        return mapping(yaml.safe_load(written))
    except yaml.YAMLError:
        return {}
