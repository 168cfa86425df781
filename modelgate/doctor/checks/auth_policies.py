"""A policy that is not enforced closes nothing, and the gateway answers as if there were none."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import AUTH_POLICY, GATEWAY, HTTP_ROUTE, Kind
from modelgate.doctor.policies import concerned, unenforced
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.view import View

ID = "auth-policies"
TITLE = "every AuthPolicy is accepted and enforced, and not overridden"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("kuadrant", "routes")
READS: tuple[Kind, ...] = (AUTH_POLICY, GATEWAY, HTTP_ROUTE)
WAY_OUT = "look at the policy's conditions"
WAITS = True


def run(view: View) -> Result:
    policies = concerned(view, view.of(AUTH_POLICY))
    if not policies:
        names = ", ".join(f"{one.namespace}/{one.name}" for one in view.gateways)
        what = f"no AuthPolicy is on {names or 'any gateway'} or its routes"
        return judged([Problem(what, "declare one, in `overrides` with strategy `atomic`")])
    return judged(unenforced(view, policies, closes=True), ", ".join(one.name for one in policies))
