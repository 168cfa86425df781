"""Names that the operator gives: equal to knative's kmeta.ChildName, hashed where too long."""

import hashlib
from dataclasses import dataclass

_LONGEST = 63
_HASH = 32


def child_name(parent: str, suffix: str) -> str:
    """`parent + suffix`, or 63 characters with the parent's MD5 (knative.dev/pkg kmeta/names.go)."""
    if len(parent) + len(suffix) <= _LONGEST:
        return parent + suffix
    digest = hashlib.md5(parent.encode(), usedforsecurity=False).hexdigest()
    if _LONGEST - _HASH - len(suffix) > 0:
        return parent[: _LONGEST - _HASH - len(suffix)] + digest + suffix
    whole = hashlib.md5((parent + suffix).encode(), usedforsecurity=False).hexdigest()
    kept = (parent + suffix)[: _LONGEST - _HASH]
    return kept + whole


def shadow_service(pool: str) -> str:
    """The Service that Istio makes for an InferencePool (istio, inferencepool_collection.go)."""
    suffix = "-ip-" + hashlib.sha256(pool.encode()).hexdigest()[:8]
    return pool[: _LONGEST - len(suffix)] + suffix


@dataclass(frozen=True, slots=True)
class Names:
    """The children of one LLMInferenceService by what they are."""

    service: str

    def child(self, suffix: str) -> str:
        return child_name(self.service, suffix)

    @property
    def workload(self) -> str:
        return self.child("-kserve")

    @property
    def workload_service(self) -> str:
        return self.child("-kserve-workload-svc")

    @property
    def scheduler(self) -> str:
        return self.child("-kserve-router-scheduler")

    @property
    def picker_service(self) -> str:
        return self.child("-epp-service")

    @property
    def picker_account(self) -> str:
        return self.child("-epp-sa")

    @property
    def pool(self) -> str:
        return self.child("-inference-pool")

    @property
    def route(self) -> str:
        return self.child("-kserve-route")

    @property
    def certificates(self) -> str:
        return self.child("-kserve-self-signed-certs")
