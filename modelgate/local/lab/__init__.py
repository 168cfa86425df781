"""The lab: released controllers, and what stands in for a node, beside a local control plane."""

from modelgate.local.lab.running import (
    CONTROLLERS,
    KSERVE,
    NAMESPACE,
    PROFILE,
    Lab,
    down,
    lab,
    status,
    up,
)

__all__ = [
    "CONTROLLERS",
    "KSERVE",
    "NAMESPACE",
    "PROFILE",
    "Lab",
    "down",
    "lab",
    "status",
    "up",
]
