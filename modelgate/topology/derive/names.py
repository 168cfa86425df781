"""Names that controllers give to what they make: hashed where too long, as knative does it."""

import hashlib
import re
from dataclasses import dataclass

_LONGEST = 63
_HASH = 32
_HEAD = _LONGEST - _HASH


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def child_name(parent: str, suffix: str) -> str:
    """`parent + suffix`, or at most 63 characters with an MD5 (knative.dev/pkg kmeta.ChildName)."""
    if len(parent) + len(suffix) <= _LONGEST:
        return parent + suffix
    if len(suffix) < _HEAD:
        return parent[: _HEAD - len(suffix)] + _md5(parent) + suffix
    name = (parent[:_HEAD] + _md5(parent + suffix) + suffix)[:_LONGEST]
    return re.sub(r"[^a-zA-Z0-9]+$", "", name)


@dataclass(frozen=True, slots=True)
class Names:
    """The children of the LLMInferenceService `service`, by what they are."""

    service: str

    def child(self, suffix: str) -> str:
        return child_name(self.service, suffix)

    @property
    def workload_service(self) -> str:
        return self.child("-kserve-workload-svc")

    @property
    def picker_service(self) -> str:
        return self.child("-epp-service")

    @property
    def pool(self) -> str:
        return self.child("-inference-pool")

    @property
    def route(self) -> str:
        return self.child("-kserve-route")

    @property
    def certificates(self) -> str:
        return self.child("-kserve-self-signed-certs")


def policy_name(target: str) -> str:
    """The AuthPolicy that odh-model-controller puts on a Gateway or HTTPRoute."""
    return child_name(target, "-authn")
