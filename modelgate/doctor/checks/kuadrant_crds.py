"""Where Kuadrant's kinds are missing, KServe takes the model's route away instead of opening it."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import (
    AUTH_CONFIG,
    AUTH_POLICY,
    AUTHORINO,
    KUADRANT,
    LIMIT_POLICY,
    LIMITADOR,
    TOKEN_POLICY,
    Kind,
)
from modelgate.doctor.results import Result, judged
from modelgate.doctor.served import missing
from modelgate.doctor.view import View

ID = "kuadrant-crds"
TITLE = "Kuadrant's policies are installed"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "install Red Hat Connectivity Link (or kuadrant-operator) from OperatorHub"
WAITS = True

_WANTED: dict[Kind, tuple[str, ...]] = {
    AUTH_POLICY: ("v1",),
    LIMIT_POLICY: ("v1",),
    TOKEN_POLICY: ("v1alpha1",),
    KUADRANT: ("v1beta1",),
    AUTH_CONFIG: ("v1beta3",),
    AUTHORINO: ("v1beta1",),
    LIMITADOR: ("v1alpha1",),
}


def run(view: View) -> Result:
    return judged(missing(view, _WANTED, WAY_OUT), f"{len(_WANTED)} kinds")
