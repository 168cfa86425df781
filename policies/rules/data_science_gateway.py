"""Models are not served on the gateway of dashboards and notebooks.

OpenShift AI's operator owns it, and people log in there with a browser session
(opendatahub-io/opendatahub-operator, pull requests 2404 and 2539). Its authentication knows no API
keys or limits, and a policy for models on it would shut dashboards out.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis

ID = "data-science-gateway"
SUMMARY = "a model is served on the gateway of OpenShift AI's dashboards"
REMEDY = "attach the route to a Gateway for models"

GATEWAY = "data-science-gateway"


def check(analysis: Analysis) -> Iterator[Finding]:
    routes = {
        (door.route, door.source)
        for door in analysis.doors
        if door.gateway.rpartition("/")[2] == GATEWAY
    }
    for route, source in sorted(routes):
        yield Finding(
            rule=ID,
            severity=Severity.MEDIUM,
            resource=route,
            message=f"leads to a model and is attached to {GATEWAY}, where dashboards are served",
            remedy=REMEDY,
            source=source,
        )
