"""A gateway that Kuadrant does not serve has no filter, whatever its policies say.

kuadrant-operator serves the classes of the controllers that it was told of, and only while there
is a Kuadrant resource; without one it takes the filters away (executed with 1.5.2).
"""

from modelgate.topology.graph import Topology
from modelgate.topology.routes import Gateway


def absent(topology: Topology, gateway: Gateway) -> tuple[str, str]:
    """Why Kuadrant puts no filter on a gateway, and the way out; both empty where it does."""
    controller, settings = topology.class_controller(gateway), topology.settings
    name, kuadrant = gateway.class_name, topology.of("Kuadrant")
    if controller is not None and controller not in settings.controllers:
        why = f"GatewayClass {name} belongs to {controller}: no policy applies"
        return why, "use a class that Kuadrant serves"
    if settings.installed:
        return "", ""
    if controller is None and (kuadrant or topology.of("GatewayClass")):
        why = f"GatewayClass {name} does not exist: Kuadrant sees no path"
        return why, "create it, or name a class that Kuadrant serves"
    if not kuadrant and settings.everything:
        why = "no Kuadrant resource exists: no policy is enforced"
        return why, "create a Kuadrant resource; its operator brings the filters back"
    return "", ""


def doubt(topology: Topology) -> str:
    """Why that is not certain; empty where it is."""
    if topology.settings.installed:
        return ""
    if topology.of("GatewayClass") and not topology.of("Kuadrant"):
        return "no Kuadrant resource is in view: without one no policy is enforced"
    return ""
