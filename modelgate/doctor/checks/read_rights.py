"""What may not be seen is told, so that a skipped check is not taken for one that passed."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Result, judged, warning
from modelgate.doctor.view import View

ID = "read-rights"
TITLE = "everything that is looked for may be read"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "ask for the ClusterRole on the page below; checks that need the right are skipped"
WAITS = False


def run(view: View) -> Result:
    unread = view.snapshot.unread
    return judged(
        [
            warning(
                why,
                command=f"kubectl auth can-i {'get' if '/' in what else 'list'} {what} -A"
                if " " not in what
                else "",
            )
            for what, why in sorted(unread.items())
        ],
        f"{len(view.snapshot.served)} kinds",
    )
