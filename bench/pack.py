"""The policy pack's own work on a stack of 500 resources, in the policy server that Pulumi uses."""

import os
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from bench.stacks import mixed
from policies.stack_policies import POLICIES

RESOURCES = 500


def main() -> None:
    os.environ |= {"PULUMI_PROJECT": "bench", "PULUMI_STACK": "prod", "PULUMI_DRY_RUN": "true"}
    level = EnforcementLevel.MANDATORY
    server: Any = _PolicyAnalyzerServicer("modelgate", "0.0.1", [*POLICIES], level, None)
    request = analyzer_pb2.AnalyzeStackRequest()
    for manifest in mixed(RESOURCES):
        properties = struct_pb2.Struct()
        properties.update(manifest)
        name, kind = manifest["metadata"]["name"], manifest["kind"]
        token = f"kubernetes:{manifest['apiVersion']}:{kind}"
        urn = f"urn:pulumi:prod::bench::{token}::{name}"
        request.resources.add(type=token, urn=urn, name=name, properties=properties)
    server.AnalyzeStack(request, None)


if __name__ == "__main__":
    main()
