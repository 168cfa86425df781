"""A door that asks for credentials is on HTTPS, else everybody on the way reads them."""

from collections.abc import Iterator

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.routes import Gateway
from policies.model_paths import CREDENTIALS, ModelPath, entries, model_paths

ID = "plaintext-credentials"
SUMMARY = "a door asks for credentials over plain HTTP"
REMEDY = "serve models on HTTPS listeners only; redirect from HTTP on a Gateway of its own"


def check(analysis: Analysis) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[str]] = {}
    for path in model_paths(analysis):
        if path.action.listener.protocol == "HTTP" and _asks(path):
            place = (path.door.gateway, path.action.listener.name)
            found.setdefault(place, []).append(path.door.route)
    for (key, listener), routes in found.items():
        yield _finding(analysis.topology.gateways[key], listener, tuple(dict.fromkeys(routes)))


def _asks(path: ModelPath) -> bool:
    return any(
        method in entry
        for effective in path.auths
        for _, entry, _ in entries(effective, "authentication")
        for method in CREDENTIALS
    )


def _finding(gateway: Gateway, listener: str, routes: tuple[str, ...]) -> Finding:
    """Without an HTTPS listener, TLS may end in front of the gateway, out of view."""
    beside_tls = any(item.protocol == "HTTPS" for item in gateway.listeners)
    front = "" if beside_tls else ", unless TLS ends in front of this gateway"
    return Finding(
        rule=ID,
        severity=Severity.HIGH if beside_tls else Severity.MEDIUM,
        resource=gateway.object.ref,
        message=f"listener {listener} is plain HTTP: credentials cross the network readably{front}",
        remedy=REMEDY,
        source=gateway.object.source,
        confidence=Confidence.CERTAIN if beside_tls else Confidence.LIKELY,
        evidence=routes,
    )
