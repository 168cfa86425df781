"""The gateways beside each other, as the guide's table has them: what for, who gets in, by picker.

Read from the doors and from what Kuadrant's filter asks on each gateway; nothing is judged here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from modelgate.findings import Verdict
from modelgate.topology.answers import Door, GatewayRow
from modelgate.topology.authorino import METHODS
from modelgate.topology.interpreter import World
from modelgate.topology.roles import Role, role
from modelgate.topology.values import mapping

CREDENTIALS = {
    "apiKey": "API key",
    "jwt": "JWT",
    "kubernetesTokenReview": "Kubernetes token",
    "oauth2Introspection": "OAuth token",
    "x509": "client certificate",
}


def side_by_side(world: World, doors: Sequence[Door]) -> tuple[GatewayRow, ...]:
    """A row for each gateway in view, in the order of the objects."""
    return tuple(_row(world, key, doors) for key in world.topology.gateways)


def _row(world: World, key: str, doors: Sequence[Door]) -> GatewayRow:
    own = [door for door in doors if door.gateway == key]
    kind = role(world.topology, world.topology.gateways[key])
    through = any(door.backend.startswith("InferencePool ") for door in own)
    counted = Counter(door.verdict for door in own)
    return GatewayRow(
        gateway=key,
        purpose=str(kind),
        serves_models=bool(own),
        credentials=_credentials(world, key, kind, own),
        through_picker=through,
        doors={str(verdict): counted[verdict] for verdict in Verdict if counted[verdict]},
    )


def _credentials(world: World, key: str, kind: Role, doors: Sequence[Door]) -> str:
    if not doors:
        return "its own login, not judged" if kind is Role.PLATFORM else ""
    if any(door.verdict is Verdict.EXPOSED for door in doors):
        return "none (open!)"
    asked = dict.fromkeys(_asked(world, key))
    return " or ".join(asked) or "not known"


def _asked(world: World, key: str) -> Iterator[str]:
    for listed in world.filters[key].hosts.values():
        for item in listed.sets:
            for auth in item.auths:
                for entry in auth.effective.section("authentication").values():
                    yield from (
                        CREDENTIALS[one]
                        for one in METHODS
                        if one in mapping(entry) and one in CREDENTIALS
                    )
