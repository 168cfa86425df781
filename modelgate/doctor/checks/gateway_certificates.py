"""A certificate that is missing or over makes every client fail before any policy is asked."""

from collections.abc import Iterator
from datetime import timedelta

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import GATEWAY, SECRET, Kind
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View, certificate_refs

ID = "gateway-certificates"
TITLE = "the certificates of every gateway are there, and not about to expire"
LAYER = Layer.GATEWAY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (GATEWAY, SECRET)
WAY_OUT = "renew the certificate; a TLSPolicy lets cert-manager do it (`gateway.tls`)"
WAITS = True

SOON = timedelta(days=14)


def run(view: View) -> Result:
    wanted = sorted({place for one in view.gateways for place in certificate_refs(one)})
    return judged((p for place in wanted for p in _certificate(view, place)), ", ".join(wanted))


def _certificate(view: View, place: str) -> Iterator[Problem]:
    namespace, _, name = place.partition("/")
    if view.find(SECRET, namespace, name) is None:
        yield Problem(
            f"Secret {place} does not exist, but a listener names it as its certificate",
            command=f"kubectl create secret tls -n {namespace} {name} --cert=FILE --key=FILE",
        )
        return
    found = view.snapshot.certificates.get(place)
    if found is None:
        return
    now = view.snapshot.at
    if found.fault:
        yield Problem(f"Secret {place}: {found.fault}")
    if found.not_before and now < found.not_before:
        yield Problem(
            f"Secret {place}: the certificate holds only from {found.not_before:%Y-%m-%d}"
        )
    if found.not_after and now >= found.not_after:
        yield Problem(f"Secret {place}: the certificate expired on {found.not_after:%Y-%m-%d}")
    elif found.not_after and now + SOON >= found.not_after:
        left = (found.not_after - now).days
        yield warning(f"Secret {place}: the certificate expires in {left} days")
