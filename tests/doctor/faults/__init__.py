"""One fault at a time, done to a healthy cluster, and the check that must name it first."""

from tests.doctor.faults.above import ABOVE
from tests.doctor.faults.below import BELOW
from tests.doctor.faults.breaking import Fault
from tests.doctor.faults.guide import GUIDE

ALL: tuple[Fault, ...] = (*GUIDE, *BELOW, *ABOVE)

__all__ = ["ALL", "GUIDE", "Fault"]
