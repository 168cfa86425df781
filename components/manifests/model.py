"""An LLMInferenceService as the release takes it; an empty mapping is never dropped.

In `router`, absent and `{}` differ: without `route` KServe makes no HTTPRoute, with `route: {}`
it makes one on its default gateway.
"""

from typing import Any

from components.manifests.objects import Manifest, manifest
from components.manifests.picker import scheduler
from modelgate.config import Model, Pods
from modelgate.releases import Release

Form = dict[str, Any]

USAGE_FLAG = "--enable-force-include-usage"
"""Makes vLLM report tokens in streamed answers too; without it token limits do not see them."""

VLLM_ARGS = "VLLM_ADDITIONAL_ARGS"


def llm_inference_service(
    model: Model, release: Release, gateway: Form | None = None, route: Form | None = None
) -> Manifest:
    """The LLMInferenceService with these forms of `router.gateway` and `.route`; None is absent."""
    router: Form = {"scheduler": scheduler(model, release.picker)}
    if gateway is not None:
        router["gateway"] = gateway
    if route is not None:
        router["route"] = route
    spec: Form = {"model": _model(model), **_pods(model), "router": router}
    if model.base_refs:
        spec["baseRefs"] = [{"name": name} for name in model.base_refs]
    if model.prefill is not None:
        spec["prefill"] = _pods(model.prefill)
    return manifest(
        release.emit,
        "LLMInferenceService",
        model.name,
        model.namespace,
        labels=model.labels,
        annotations=model.annotations,
        spec=spec,
    )


def _model(model: Model) -> Form:
    form: Form = {"uri": model.uri, "name": model.served_as}
    if model.lora:
        adapters = [{"name": adapter.name, "uri": adapter.uri} for adapter in model.lora]
        form["lora"] = {"adapters": adapters}
    return form


def _pods(pods: Pods) -> Form:
    form: Form = {"replicas": pods.replicas, "template": _template(pods)}
    if pods.parallelism is not None:
        form["parallelism"] = pods.parallelism.model_dump(by_alias=True, exclude_none=True)
    if pods.worker is not None:
        form["worker"] = pods.worker
    return form


def _template(pods: Pods) -> Form:
    """The user's PodSpec with our container `main` filled in beneath it."""
    template = dict(pods.template or {})
    containers = list(template.get("containers", []))
    theirs = next((one for one in containers if one.get("name") == "main"), {"name": "main"})
    main = {"name": "main", "env": _env(pods), **_resources(pods), **theirs}
    others = [one for one in containers if one.get("name") != "main"]
    return {**template, "containers": [main, *others]}


def _env(pods: Pods) -> list[dict[str, str]]:
    given = pods.env.get(VLLM_ARGS, "")
    flags = given if USAGE_FLAG in given else f"{given} {USAGE_FLAG}".strip()
    env = {**pods.env, VLLM_ARGS: flags}
    return [{"name": name, "value": value} for name, value in env.items()]


def _resources(pods: Pods) -> Form:
    resources = pods.resources.model_dump(exclude_defaults=True)
    return {"resources": resources} if resources else {}
