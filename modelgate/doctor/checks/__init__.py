"""Every check, lowest layer first. `ALL` is the explicit list."""

from modelgate.doctor.check import Check
from modelgate.doctor.checks import (
    gateway_address,
    gateway_api_crds,
    gateway_certificates,
    gateway_class,
    gateway_listeners,
    gateway_pods,
    kuadrant_crds,
    kubernetes_api,
    model_crds,
    read_rights,
    versions,
)

ALL: tuple[Check, ...] = (
    kubernetes_api,
    read_rights,
    gateway_api_crds,
    model_crds,
    kuadrant_crds,
    versions,
    gateway_class,
    gateway_pods,
    gateway_address,
    gateway_listeners,
    gateway_certificates,
)
