"""The two stack policies: what rejects a production stack, and what everybody should know.

Pulumi reads the properties of all resources anew for each policy, so there are few and broad ones.
"""

from datetime import UTC, datetime
from functools import partial

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from modelgate.errors import ConfigurationError
from modelgate.findings import Verdict
from modelgate.topology import Report
from policies import adapter, messages, settings
from policies.judgement import REJECTING, judge

PLATFORM = ("modelgate", "platform")


def _judge(args: StackValidationArgs) -> Report:
    config = settings.read(args.get_config())
    stated = settings.stated_versions(pulumi.Config(PLATFORM[0]).get(PLATFORM[1]) or "")
    today = datetime.now(UTC).date()
    judged = config.judged(pulumi.get_stack(), stated, today)
    return judge(adapter.objects(args.resources), judged, config.accepted)


def _validate(rejecting: bool, args: StackValidationArgs, report: ReportViolation) -> None:
    try:
        result = _judge(args)
    except ConfigurationError as error:
        if rejecting:
            report(str(error), None)
        return
    urns = {obj.ref: urn for obj, urn in adapter.urns(args.resources)}
    production = result.environment == "production"
    for door in result.doors:
        open_ = door.verdict in (Verdict.EXPOSED, Verdict.UNDECIDED)
        if open_ and rejecting is production:
            report(messages.door(door), urns.get(door.opened_by) or urns.get(door.route))
    for finding in result.findings:
        grave = production and finding.severity in REJECTING
        if finding.rule not in messages.SAID_BY_DOORS and rejecting is grave:
            report(messages.finding(finding), urns.get(finding.resource))


def _policy(name: str, description: str, rejecting: bool) -> StackValidationPolicy:
    level = EnforcementLevel.MANDATORY if rejecting else EnforcementLevel.ADVISORY
    return StackValidationPolicy(
        name=name,
        description=description,
        validate=partial(_validate, rejecting),
        enforcement_level=level,
        config_schema=PolicyConfigSchema(properties=settings.schema()),
    )


POLICIES = [
    _policy(
        "unauthenticated-inference",
        "In production every request without credentials must be refused before a model.",
        rejecting=True,
    ),
    _policy("advice", "What does not reject this stack, but should be known.", rejecting=False),
]
