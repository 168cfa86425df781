"""The endpoint picker keeps its TLS arguments whatever else it is told.

Up to OpenShift AI 3.3 a list of arguments replaces the preset's whole list: one that leaves out
`--cert-path` makes a picker that the gateway cannot verify, and that it silently passes by.
"""

from typing import Any

import yaml

from components.manifests.objects import child_name
from modelgate.config import Model, Weights
from modelgate.releases import Picker


def scheduler(model: Model, picker: Picker) -> dict[str, Any]:
    """`router.scheduler` of the model; `{}` takes the release's own configuration."""
    if model.weights is None:
        return {}
    config = picker_config(model.weights, picker, split=model.prefill is not None)
    if picker.passing == "inline":
        return {"config": {"inline": config}}
    text = yaml.safe_dump(config, sort_keys=False)
    args = [*_preset(model, picker), _config_flag(picker), text]
    return {"template": {"containers": [{"name": "main", "args": args}]}}


def picker_config(weights: Weights, picker: Picker, split: bool) -> dict[str, Any]:
    """An EndpointPickerConfig with these weights; `split` where prefill pods are apart."""
    scores = {
        "queue-scorer": weights.queue,
        "kv-cache-utilization-scorer": weights.kv_cache,
        "prefix-cache-scorer": weights.prefix_cache,
    }
    handlers: list[dict[str, Any]] = [{"type": "single-profile-handler"}]
    profiles: dict[str, list[str]] = {"default": []}
    if split:
        handlers = _disaggregation(picker)
        profiles = {"prefill": ["prefill-filter"], "decode": ["decode-filter"]}
    scored = [{"pluginRef": name, "weight": weight} for name, weight in scores.items()]
    return {
        "apiVersion": picker.config_api_version,
        "kind": "EndpointPickerConfig",
        "plugins": [
            *handlers,
            *({"type": name} for name in scores),
            {"type": "max-score-picker"},
        ],
        "schedulingProfiles": [
            {
                "name": name,
                "plugins": [
                    *({"pluginRef": one} for one in filters),
                    *scored,
                    {"pluginRef": "max-score-picker"},
                ],
            }
            for name, filters in profiles.items()
        ],
    }


def _disaggregation(picker: Picker) -> list[dict[str, Any]]:
    """Plugins that send prompts to prefill pods first; a handler comes after its deciders."""
    handler = picker.disaggregation
    parameters = dict(handler.parameters)
    return [
        *({"type": name} for name in handler.others),
        {"type": handler.handler, "parameters": parameters},
        {"type": "prefill-filter"},
        {"type": "decode-filter"},
    ]


def _preset(model: Model, picker: Picker) -> list[str]:
    pool = child_name(model.name, "-inference-pool")
    return [
        argument.replace("{child:-inference-pool}", pool)
        .replace("{namespace}", model.namespace)
        .replace("{service}", model.name)
        for argument in picker.preset
    ]


def _config_flag(picker: Picker) -> str:
    """Flags were camelCase before inference extension 1.0.0."""
    return "--configText" if "--poolName" in picker.preset else "--config-text"
