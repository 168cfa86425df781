"""A door is the same before and after a change where it matches the same requests.

Not where its rule has the same number: a rule that is put before another one moves it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelgate.findings import Verdict
from modelgate.topology.answers import Door
from modelgate.topology.judge import Analysis
from modelgate.topology.routes import Condition, Match

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoorChange:
    """One door on both sides; None where it is not there. One of the two is."""

    before: Door | None
    after: Door | None

    @property
    def door(self) -> Door:
        """As it would be, or as it was where it goes."""
        door = self.after or self.before
        assert door is not None
        return door

    @property
    def unchanged(self) -> bool:
        return (
            self.before is not None
            and self.after is not None
            and self.before.verdict is self.after.verdict
        )


@dataclass(frozen=True, slots=True)
class Doors:
    """Every door of either side, worst first."""

    changes: tuple[DoorChange, ...]

    def introduced(self, *verdicts: Verdict) -> list[Door]:
        """Doors that would have one of `verdicts` and have none of them now."""
        return [
            change.after
            for change in self.changes
            if _has(change.after, verdicts) and not _has(change.before, verdicts)
            if change.after
        ]

    def fixed(self, *verdicts: Verdict) -> list[Door]:
        """Doors that have one of `verdicts` now and would have none of them, as they are now."""
        return [
            change.before
            for change in self.changes
            if _has(change.before, verdicts) and not _has(change.after, verdicts)
            if change.before
        ]

    def unchanged(self, *verdicts: Verdict) -> list[Door]:
        """Doors that have one of `verdicts` on both sides, as they would be."""
        return [
            change.after
            for change in self.changes
            if _has(change.before, verdicts) and _has(change.after, verdicts)
            if change.after
        ]

    @property
    def changed(self) -> list[DoorChange]:
        return [change for change in self.changes if not change.unchanged]


def compare_doors(before: Analysis | None, after: Analysis) -> Doors:
    """The doors of both analyses, paired; `before` is None where nothing was there."""
    old = dict(_keyed(before)) if before else {}
    pairs = [DoorChange(old.pop(key, None), door) for key, door in _keyed(after)]
    pairs += [DoorChange(door, None) for door in old.values()]
    pairs.sort(key=lambda pair: (pair.door.verdict.rank, pair.after is None, pair.door.name))
    return Doors(tuple(pairs))


def match_text(match: Match) -> str:
    """What a match asks for, as `PathPrefix /v1 POST`."""
    conditions = [_condition("header", item) for item in match.headers]
    conditions += [_condition("query", item) for item in match.query]
    return " ".join(filter(None, (match.kind, match.path, match.method, *conditions)))


def match_texts(analysis: Analysis) -> dict[tuple[str, int | None, int | None], str]:
    """What each match of each route asks for, by the route's `Kind ns/name`, rule and match."""
    return {
        (route.ref, rule.index, index): match_text(match)
        for route in analysis.topology.routes
        for rule in route.rules
        for index, match in enumerate(rule.matches)
    }


def _keyed(analysis: Analysis) -> Iterator[tuple[Key, Door]]:
    """Each door with what names it on both sides; equal ones are counted."""
    matches = match_texts(analysis)
    seen: dict[Key, int] = {}
    for door in sorted(analysis.doors, key=lambda one: (one.rule or 0, one.match or 0)):
        match = matches.get((door.route, door.rule, door.match), "")
        key = (door.gateway, door.listener, door.hostname, door.route, match, door.backend)
        seen[key] = count = seen.get(key, 0) + 1
        yield (*key, str(count)), door


def _condition(what: str, item: Condition) -> str:
    return f"{what} {item.name}{'~' if item.regex else '='}{item.value}"


def _has(door: Door | None, verdicts: Sequence[Verdict]) -> bool:
    return door is not None and door.verdict in verdicts
