"""A violation as a person reads it: the door or flaw, the request that gets in, the way out."""

from modelgate.findings import Finding
from modelgate.report.curl import curl, gateway_address
from modelgate.report.safe import plain
from modelgate.topology import Door
from policies.rules import unauthenticated_inference, undecided_door

SAID_BY_DOORS = frozenset({unauthenticated_inference.ID, undecided_door.ID})


def door(item: Door) -> str:
    """The message for a door that is not closed."""
    lines = [f"{item.verdict} {item.name}", f"because: {item.reason}"]
    if item.request:
        lines += filter(None, [gateway_address(item.request), curl(item.request)])
    if item.depends_on_version:
        lines.append(f"versions: {item.depends_on_version}")
    lines.append(f"fix: {item.remedy or unauthenticated_inference.REMEDY}")
    return "\n".join(plain(line) for line in lines)


def finding(item: Finding) -> str:
    """The message for a finding that is not a door."""
    title = f"{item.rule} ({item.severity}): {item.resource}"
    return "\n".join(plain(line) for line in (title, item.message, f"fix: {item.remedy}"))
