"""What scripts rely on: `modelgate/doctor/v1`, whose fields are never renamed or removed."""

import json
from typing import Any, Final

from modelgate.doctor.check import see
from modelgate.doctor.runner import Checked, Examination

SCHEMA: Final = "modelgate/doctor/v1"


def text(examination: Examination) -> str:
    """The text of `modelgate doctor -o json`."""
    return json.dumps(document(examination), indent=2)


def document(examination: Examination) -> dict[str, Any]:
    """The document of `modelgate doctor`."""
    return {
        "schema": SCHEMA,
        "cluster": examination.snapshot.cluster,
        "at": examination.snapshot.at.isoformat(),
        "judged": examination.judged,
        "status": str(examination.status),
        "checks": [_check(one) for one in examination.checked],
    }


def _check(one: Checked) -> dict[str, Any]:
    check, result = one.check, one.result
    return {
        "id": check.ID,
        "layer": str(check.LAYER),
        "title": check.TITLE,
        "status": str(result.status),
        "said": result.said,
        "needs": list(check.NEEDS),
        "problems": [
            {
                "what": problem.what,
                "fix": problem.fix or check.WAY_OUT,
                "command": problem.command,
                "fails": problem.fails,
            }
            for problem in result.problems
        ],
        "see": see(check),
    }
