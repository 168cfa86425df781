"""Which hostname two wildcards share: the narrower one, or none.

Source: istio/istio, pkg/config/host (Name.SubsetOf, Names.Intersection).
"""


def intersection(one: str, other: str) -> str | None:
    """What `one` and `other` have in common; `*` and a missing hostname are everything."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


def covers(wide: str, narrow: str) -> bool:
    """Whether every host that `narrow` means is meant by `wide` too; case does not count."""
    wide, narrow = wide.lower(), narrow.lower()
    if wide == "*":
        return True
    if wide.startswith("*"):
        return narrow.endswith(wide[1:])
    return wide == narrow
