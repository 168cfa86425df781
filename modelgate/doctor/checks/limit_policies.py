"""A limit that is not enforced counts nothing; nobody notices until the GPUs are full."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import GATEWAY, HTTP_ROUTE, LIMIT_POLICY, TOKEN_POLICY, Kind
from modelgate.doctor.policies import concerned, unenforced
from modelgate.doctor.results import Result, judged
from modelgate.doctor.view import View

ID = "limit-policies"
TITLE = "every RateLimitPolicy and TokenRateLimitPolicy is accepted and enforced"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("kuadrant", "routes")
READS: tuple[Kind, ...] = (LIMIT_POLICY, TOKEN_POLICY, GATEWAY, HTTP_ROUTE)
WAY_OUT = "look at the policy's conditions"
WAITS = True


def run(view: View) -> Result:
    policies = concerned(view, view.of(LIMIT_POLICY, TOKEN_POLICY))
    names = ", ".join(one.name for one in policies)
    return judged(unenforced(view, policies, closes=False), names or "none")
