"""The policy pack: `pulumi preview --policy-pack policies` rejects a stack that exposes a model."""

import sys
from pathlib import Path

# Pulumi runs a pack with its own folder as working directory (language host, RunPlugin).
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.stack_policies import POLICIES

PolicyPack("modelgate", [*POLICIES], enforcement_level=EnforcementLevel.MANDATORY)
