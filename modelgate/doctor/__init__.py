"""What is broken in a cluster, lowest layer first: reads, never writes, and hides no doubt."""

from modelgate.doctor.check import Check, Layer
from modelgate.doctor.results import Status
from modelgate.doctor.runner import Examination

__all__ = ["Check", "Examination", "Layer", "Status"]
