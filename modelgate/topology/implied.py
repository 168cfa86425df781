"""Which action sets can act on what Envoy sends to one match: the heart of the proof.

An action set is sure to hold where its predicates follow from Envoy's match; no set that the
filter would try after a sure one ever acts.
"""

from modelgate.topology.envoy import full
from modelgate.topology.filter import ActionSet, HostList, odd
from modelgate.topology.routes import Match


def may_act(listed: HostList, match: Match) -> tuple[list[ActionSet], ActionSet | None]:
    """The action sets that may act on requests of `match`, and the first that surely holds."""
    near = _near(listed, match)
    sure = min(
        (item for item in near if implied(item.match, match)),
        key=lambda item: item.order,
        default=None,
    )
    if sure is None:
        return near, None
    return [item for item in near if item.order <= sure.order], sure


def _near(listed: HostList, match: Match) -> list[ActionSet]:
    """The action sets of `listed` whose path may meet that of `match`."""
    if match.kind == "RegularExpression":
        return listed.sets
    stem = match.path if match.kind == "Exact" else match.path.rstrip("/")
    return list(listed.index.near(stem, subtree=match.kind != "Exact"))


def implied(predicate: Match, match: Match) -> bool:
    """Whether every request that Envoy takes for `match` meets the filter's `predicate`."""
    if predicate.query or odd(predicate) or predicate.method not in ("", match.method):
        return False
    exact = {(item.name, item.value) for item in match.headers if not item.regex}
    if not {(item.name, item.value) for item in predicate.headers} <= exact:
        return False
    return _path_implied(predicate, match)


def _path_implied(predicate: Match, match: Match) -> bool:
    if predicate.kind == "PathPrefix":
        if match.kind == "RegularExpression":
            return predicate.path == "/"
        stem = match.path if match.kind == "Exact" else match.path.rstrip("/")
        return (stem or "/").startswith(predicate.path)
    if predicate.kind == "Exact":
        return match.kind == "Exact" and match.path == predicate.path
    if match.kind == "Exact":
        return full(f"(?s:.*)(?:{predicate.path})(?s:.*)", match.path)
    return match.kind == "RegularExpression" and match.path == predicate.path
