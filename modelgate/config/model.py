"""One model: where its weights are, how many replicas, how it is reached and picked."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from modelgate.config.base import Label, Manifest, Name, Settings, Text

Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]

_RESERVED = ("security.opendatahub.io/enable-auth", "opendatahub.io/managed")
_NVIDIA_GPU = {"limits": {"nvidia.com/gpu": "1"}}


def _not_reserved(value: dict[str, str]) -> dict[str, str]:
    for key in _RESERVED:
        if key in value:
            raise ValueError(
                f"must not hold {key}: it makes odh-model-controller open the model's route"
            )
    return value


class Resources(Settings):
    """Kubernetes resources of one replica, written as Kubernetes writes them."""

    limits: dict[str, str] = Field(default_factory=dict)
    """Upper limits, GPUs among them: `nvidia.com/gpu: "1"`."""

    requests: dict[str, str] = Field(default_factory=dict)
    """What is set aside."""


class Parallelism(Settings):
    """How one replica is spread over GPUs and nodes."""

    tensor: AtLeastOne | None = None
    """GPUs that share each layer."""

    pipeline: AtLeastOne | None = None
    """Nodes that hold consecutive layers; needs `worker`."""

    data: AtLeastOne | None = None
    """Data-parallel ranks; needs `worker` and dataLocal."""

    data_local: AtLeastOne | None = None
    """Data-parallel ranks on one node."""

    expert: bool | None = None
    """Whether experts are spread over the ranks."""


class Pods(Settings):
    """The pods that serve a model, or its prefill half."""

    replicas: Count = 1
    """How many; each holds the whole model."""

    resources: Resources = Resources.model_validate(_NVIDIA_GPU)
    """Of the container `main`; one NVIDIA GPU by default."""

    parallelism: Parallelism | None = None
    """How a replica is spread."""

    env: dict[str, Text] = Field(default_factory=dict)
    """Environment of the container `main`."""

    template: Manifest | None = None
    """PodSpec to merge with the release's; what it says of `main` wins."""

    worker: Manifest | None = None
    """PodSpec of the further nodes of a replica; `{}` takes the release's."""


class Lora(Settings):
    """A LoRA adapter served beside the model."""

    name: Text
    """Name in requests."""

    uri: Text
    """Where it is: hf://, s3://, pvc:// or oci://."""


class Weights(Settings):
    """How much each score counts when the endpoint picker chooses a pod."""

    queue: Count = 2
    """Requests that wait at the pod."""

    kv_cache: Count = 2
    """How full the pod's key-value cache is."""

    prefix_cache: Count = 3
    """How much of the prompt the pod has cached."""


class Model(Pods):
    """A model served by an LLMInferenceService."""

    name: Label
    """Name of the LLMInferenceService, and the last part of the model's path."""

    namespace: Label = "models"
    """Its namespace, and the first part of the model's path."""

    uri: Annotated[Text, Field(json_schema_extra={"pattern": "^[a-z0-9]+://.+"})]
    """Where the weights are: hf://, s3://, pvc:// or oci://."""

    served_name: Text | None = None
    """The `model` of requests; the Hugging Face name by default, else `name`."""

    prefill: Pods | None = None
    """Pods that only read prompts, apart from those that write answers."""

    lora: tuple[Lora, ...] = ()
    """LoRA adapters."""

    base_refs: tuple[Name, ...] = ()
    """LLMInferenceServiceConfigs to start from."""

    weights: Weights | None = Weights()
    """Weights of the endpoint picker's scores; null takes the release's own configuration."""

    route: Literal["own", "managed"] = "own"
    """Who writes the model's HTTPRoute on the gateway: this stack, or KServe."""

    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of the LLMInferenceService."""

    annotations: dict[str, str] = Field(default_factory=dict)
    """Annotations of the LLMInferenceService."""

    @field_validator("uri")
    @classmethod
    def _scheme(cls, value: str) -> str:
        if not value.partition("://")[2]:
            raise ValueError("must be a URI such as hf://Qwen/Qwen3-0.6B")
        return value

    @field_validator("labels", "annotations")
    @classmethod
    def _open_nothing(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _not_reserved(value)

    @property
    def served_as(self) -> str:
        """What a request's `model` must be."""
        if self.served_name:
            return self.served_name
        scheme, _, rest = self.uri.partition("://")
        return rest if scheme == "hf" and rest.count("/") == 1 else self.name

    @property
    def path(self) -> str:
        """The model's path on a gateway, without a trailing slash."""
        return f"/{self.namespace}/{self.name}"
