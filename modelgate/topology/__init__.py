"""What manifests mean: who gets in, which way a request takes. Pure: no I/O of any kind."""

from modelgate.topology.answers import Answer, Door, Outcome, Report, Request, Step
from modelgate.topology.judge import Analysis, analyze, trace, trace_everywhere
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.reading import read
from modelgate.topology.settings import Exemption, Settings

__all__ = [
    "UNKNOWN",
    "Analysis",
    "Answer",
    "Door",
    "Exemption",
    "Object",
    "Outcome",
    "Report",
    "Request",
    "Settings",
    "Step",
    "analyze",
    "read",
    "trace",
    "trace_everywhere",
]
