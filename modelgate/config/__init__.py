"""What a user may write in a stack file, and nothing else is read.

`load` turns the value of `modelgate:platform` into a StackConfig or raises a ConfigurationError.
"""

from modelgate.config.base import DETECT, Settings
from modelgate.config.checks import hostname_problems
from modelgate.config.gateway import (
    TIER_ANNOTATION,
    USER_ANNOTATION,
    Access,
    ApiKey,
    Dns,
    Gateway,
    Jwt,
    OpenTestGateway,
    Rate,
    Tier,
    Tls,
    TokenReview,
)
from modelgate.config.load import KEY, load
from modelgate.config.model import Lora, Model, Parallelism, Pods, Resources, Weights
from modelgate.config.stack import Cluster, Mode, Network, StackConfig, Versions

__all__ = [
    "DETECT",
    "KEY",
    "TIER_ANNOTATION",
    "USER_ANNOTATION",
    "Access",
    "ApiKey",
    "Cluster",
    "Dns",
    "Gateway",
    "Jwt",
    "Lora",
    "Mode",
    "Model",
    "Network",
    "OpenTestGateway",
    "Parallelism",
    "Pods",
    "Rate",
    "Resources",
    "Settings",
    "StackConfig",
    "Tier",
    "Tls",
    "TokenReview",
    "Versions",
    "Weights",
    "hostname_problems",
    "load",
]
