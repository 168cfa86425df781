"""What every verdict rests on and nobody proved: printed with each report."""

from modelgate.topology.judge import Analysis
from modelgate.versions import table

ALWAYS = (
    "certificates that are referred to are valid",
    "paths are printable ASCII; Istio normalises them and keeps `//` and `%2f` (its default)",
    "Authorino and the filter answer as their defaults say: a failure refuses the request",
    "no AuthConfig from elsewhere claims a host that Kuadrant uses",
    "routes and policies that are not given do not exist on these gateways",
)


def assumptions(analysis: Analysis) -> tuple[str, ...]:
    """The assumptions behind the verdicts of `analysis`, in words."""
    settings, topology = analysis.settings, analysis.topology
    served = ", ".join(settings.controllers)
    found = [f"gateways of {served} are served by Kuadrant"]
    if not topology.of("Kuadrant"):
        found.append("Kuadrant is installed: its resource is not in view")
    names = {gateway.class_name for gateway in topology.gateways.values()}
    missing = names - {obj.name for obj in topology.of("GatewayClass")}
    found += [f"GatewayClass {name} exists: it is not in view" for name in sorted(missing)]
    found += [
        f"{component} {settings.version(component)} (not stated, the newest known)"
        for component in settings.unstated
    ]
    return (*ALWAYS, *found)


def notes(analysis: Analysis) -> tuple[str, ...]:
    """What the version table had to stand in for, and a judgement without any door."""
    settings = analysis.settings
    sentences = (
        settings.release.note,
        table().kuadrant(settings.version("kuadrant")).note,
        table().gateway_api(settings.version("gateway-api")).note,
        table().istio(settings.version("istio")).note,
    )
    doorless = "" if analysis.doors else "no object in view leads a request to a model: no door"
    return tuple(sentence for sentence in (doorless, *sentences) if sentence)
