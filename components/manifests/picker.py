"""The endpoint picker keeps its TLS arguments whatever else it is told.

Up to OpenShift AI 3.3 a list of arguments replaces the preset's whole list: one that leaves out
`--cert-path` makes a picker that the gateway cannot verify, and that it silently passes by.
"""

from typing import Any

import yaml

from components.manifests.objects import child_name
from modelgate.config import Model, Weights
from modelgate.releases import Picker

KV_CACHE_SCORERS = ("kv-cache-utilization-scorer", "kv-cache-scorer")
"""The name since inference extension 1.0.0, and the one before."""


def scheduler(model: Model, picker: Picker) -> dict[str, Any]:
    """`router.scheduler` of the model; `{}` takes the release's own configuration."""
    if model.weights is None:
        return {}
    config = _config(model, model.weights, picker)
    if picker.passing == "inline":
        return {"config": {"inline": config}}
    text = yaml.safe_dump(config, sort_keys=False)
    args = [*_preset(model, picker), picker.config_flag, text]
    return {"template": {"containers": [{"name": "main", "args": args}]}}


def _config(model: Model, weights: Weights, picker: Picker) -> dict[str, Any]:
    """An EndpointPickerConfig; with prefill pods apart, one profile for each half."""
    scores = _scores(model, weights, picker)
    handlers: list[dict[str, Any]] = [{"type": "single-profile-handler"}]
    profiles: dict[str, list[str]] = {"default": []}
    if model.prefill is not None:
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


def _scores(model: Model, weights: Weights, picker: Picker) -> dict[str, float]:
    """Scorers and their weights; a model with adapters has the release's scorer for them too."""
    kv_cache = next(name for name in KV_CACHE_SCORERS if name in picker.scorers)
    return {
        "queue-scorer": weights.queue,
        kv_cache: weights.kv_cache,
        "prefix-cache-scorer": weights.prefix_cache,
        **({plugin.name: plugin.weight for plugin in picker.lora} if model.lora else {}),
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
