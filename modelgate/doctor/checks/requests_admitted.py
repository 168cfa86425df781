"""A client at the wrong door is refused for ever: its key is of another gateway, or of none."""

from collections import Counter
from collections.abc import Iterator

from modelgate.doctor.access_log import Line
from modelgate.doctor.check import Layer
from modelgate.doctor.checks.request_bodies import no_log
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.traffic import by_server, door, lines, meaning
from modelgate.doctor.view import View

ID = "requests-admitted"
TITLE = "gateways let requests through that bring what is asked for"
LAYER = Layer.TRAFFIC
NEEDS: tuple[str, ...] = ("routes", "auth-policies")
READS: tuple[Kind, ...] = ()
WAY_OUT = "send an API key of this gateway (`Authorization: Bearer KEY`), or ask another gateway"
WAITS = False

_REFUSED = (401, 403)
_FAULTS = (404, 500, 503, 504)


def run(view: View) -> Result:
    read = list(lines(view))
    if not read:
        return skipped(no_log(view))
    problems = [
        problem
        for pod, found in view.snapshot.access.items()
        for problem in (*_refused(pod, found), *_faults(found))
    ]
    counts = Counter(one.status for one in read)
    return judged(problems, ", ".join(f"{n} x {status}" for status, n in sorted(counts.items())))


def _refused(pod: str, found: tuple[Line, ...]) -> Iterator[Problem]:
    """One problem a door that has refused; a failure where it let nobody through."""
    for name, count in Counter(door(one) for one in found if one.status in _REFUSED).items():
        passed = sum(1 for one in found if door(one) == name and one.status < 400)
        what = f"{count} requests were refused for want of valid credentials at {name} (Pod {pod})"
        if passed:
            yield warning(f"{what}; {passed} were let through")
        else:
            yield Problem(f"{what}, and none was let through")


def _faults(found: tuple[Line, ...]) -> Iterator[Problem]:
    """What the gateway itself answered for a fault of its own."""
    faults = [one for one in found if one.status in _FAULTS and not by_server(one)]
    for (status, means), count in Counter((one.status, meaning(one)) for one in faults).items():
        fix = "`modelgate logs --live` shows each of them"
        yield warning(f"{count} requests were answered {status}: {means}", fix)
