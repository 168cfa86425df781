"""The faults of the guide, and the one that it took days to find."""

from modelgate.doctor.snapshot import Upstream
from tests.doctor.clusters import MODEL
from tests.doctor.faults.breaking import (
    CLUSTER,
    Fault,
    counted,
    deaf,
    strip_override,
    traffic,
    without,
)

GUIDE: tuple[Fault, ...] = (
    Fault(
        "body lost",
        "request-bodies",
        "20 of 20 completions through the pool were answered 400",
        lambda found: traffic(found, status=400),
        release="3.2",
    ),
    Fault(
        "dummy cluster",
        "picker-in-the-loop",
        "the route asks `dummy`",
        counted,
        release="3.2",
    ),
    Fault(
        "override without the picker's address",
        "envoy-filter",
        "openshift-ingress/stripped",
        strip_override,
        release="3.2",
    ),
    Fault(
        "picker TLS",
        "picker-arguments",
        "lacks --cert-path: the gateway cannot verify its certificate",
        lambda found: without(found, "--cert-path"),
        release="3.2",
    ),
    Fault(
        "picker TLS refused, arguments complete",
        "picker-in-the-loop",
        "9 of 9 connections to the picker failed",
        lambda found: counted(found, Upstream(CLUSTER, "10.0.0.1:9002", 9, 9)),
        release="3.2",
    ),
    Fault(
        "wrong model name",
        "model-names",
        f"20 of 20 requests were answered 404 by the model server: they name another model than"
        f" {MODEL}",
        lambda found: traffic(found, status=404),
        release="3.2",
    ),
    Fault(
        "wrong door",
        "requests-admitted",
        "20 requests were refused for want of valid credentials",
        lambda found: traffic(found, status=401, pod="", details=""),
        release="3.2",
    ),
    Fault(
        "filter missing",
        "envoy-filter",
        "EnvoyFilter openshift-ingress/fix-extproc-body-mode-maas-gateway is declared but not in",
        lambda found: [found.objects.pop(key) for key in [*found.objects] if "fix-extproc" in key],
        release="3.2",
        more=(("envoyFilter", "guide"),),
        stack="guide",
    ),
    Fault("never contacted", "picker-in-the-loop", "the picker heard of 0", deaf),
)
