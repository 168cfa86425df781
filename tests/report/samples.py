"""Reports and answers that hold one of everything a renderer must show."""

from dataclasses import replace

from modelgate.findings import Confidence, Finding, Severity, Verdict
from modelgate.topology.answers import Answer, Door, Outcome, Report, Request, Step

ESCAPE = "\x1b[2J"
HOSTILE = f"{ESCAPE}</details><img src=x>|`[a](b)`\n@team\u202e"

REQUEST = Request(
    host="models.example.com",
    scheme="http",
    port=80,
    path="/my-first-model/qwen3-0-6b/v1/models",
    gateway="openshift-ingress/openshift-ai-inference",
)

EXPOSED = Door(
    verdict=Verdict.EXPOSED,
    reason="no AuthPolicy applies to this listener",
    gateway="openshift-ingress/openshift-ai-inference",
    listener="http",
    hostname="",
    route="HTTPRoute my-first-model/qwen3-0-6b",
    rule=2,
    match=0,
    backend="Service my-first-model/qwen3-0-6b-kserve-workload-svc",
    request=REQUEST,
    opened_by="Gateway openshift-ingress/openshift-ai-inference",
    source="gateways.yaml:12",
    remedy="attach an AuthPolicy with overrides to the Gateway",
    derived_from="LLMInferenceService my-first-model/qwen3-0-6b",
    depends_on_version="holds for every supported Kuadrant",
    assumptions=("paths are normalised by Istio's default",),
)

UNDECIDED = Door(
    verdict=Verdict.UNDECIDED,
    reason="gateway team/edge is not in view: give it with --with STACK|PATH|--live",
    gateway="team/edge",
    route="HTTPRoute my-first-model/edge",
    rule=0,
    match=1,
    backend="InferencePool my-first-model/qwen3-0-6b-inference-pool",
    remedy="judge it together with the gateway",
)

EXEMPT = Door(
    verdict=Verdict.EXEMPT,
    reason="health page of team llm until 2026-12-31: answers no prompt",
    gateway="openshift-ingress/maas-gateway",
    listener="https",
    hostname="maas.example.com",
    route="HTTPRoute my-first-model/health",
    rule=0,
    match=0,
    backend="Service my-first-model/health",
)

PROTECTED = Door(
    verdict=Verdict.PROTECTED,
    reason="AuthPolicy openshift-ingress/maas-auth asks for an API key",
    gateway="openshift-ingress/maas-gateway",
    listener="https",
    hostname="maas.example.com",
    route="HTTPRoute my-first-model/qwen3-0-6b",
    rule=0,
    match=0,
    backend="InferencePool my-first-model/qwen3-0-6b-inference-pool",
    policies=("openshift-ingress/maas-auth",),
)

FINDING = Finding(
    rule="credentials-over-http",
    severity=Severity.MEDIUM,
    resource="Gateway openshift-ingress/openshift-ai-inference",
    message="listener http takes API keys without TLS",
    remedy="serve models on an HTTPS listener only",
    source="gateways.yaml:15",
    confidence=Confidence.LIKELY,
    evidence=("listener http, port 80",),
)

CONDITIONAL = replace(
    PROTECTED, rule=1, depends_on_version="with Kuadrant 1.5.2 it is EXPOSED: `Host: MAAS`"
)

REPEATED = Finding(
    rule="unauthenticated-inference",
    severity=Severity.CRITICAL,
    resource="Gateway openshift-ingress/openshift-ai-inference",
    message=f"{EXPOSED.name}: {EXPOSED.reason}",
    remedy=EXPOSED.remedy,
    source=EXPOSED.source,
)

UNPLACED = Finding(
    rule="unstated-version",
    severity=Severity.HIGH,
    resource="Kuadrant",
    message="no version is stated",
    remedy="state it with --assume kuadrant=VERSION",
)

MIXED = Report(
    environment="production",
    doors=(PROTECTED, EXEMPT, UNDECIDED, EXPOSED),
    findings=(REPEATED, UNPLACED, FINDING),
    assumptions=("both gateway controllers are served by Kuadrant",),
    inside_only=("Service my-first-model/qwen3-0-6b-kserve-workload-svc: no NetworkPolicy",),
    notes=("Gateway API is taken as 1.5.1, the newest known",),
)
SAME_REASON = replace(EXPOSED, rule=1, request=replace(REQUEST, path="/other"))
WARNED = Report(environment="non-production", doors=(EXPOSED, SAME_REASON), findings=(UNPLACED,))
CLOSED = Report(environment="production", doors=(PROTECTED, CONDITIONAL), findings=())
EMPTY = Report(environment="production", doors=(), findings=())
ALL = {"mixed": MIXED, "warned": WARNED, "closed": CLOSED, "empty": EMPTY}

ATTACK = Report(
    environment="production",
    doors=(
        Door(
            verdict=Verdict.EXPOSED,
            reason=HOSTILE,
            gateway=HOSTILE,
            listener=HOSTILE,
            hostname=HOSTILE,
            route=HOSTILE,
            backend=HOSTILE,
            policies=(HOSTILE,),
            request=Request(host=HOSTILE, path=f"/{HOSTILE}", headers={"x": HOSTILE}),
            opened_by=HOSTILE,
            source=HOSTILE,
            remedy=HOSTILE,
            assumptions=(HOSTILE,),
        ),
    ),
    findings=(Finding(HOSTILE, Severity.HIGH, HOSTILE, HOSTILE, HOSTILE, evidence=(HOSTILE,)),),
    assumptions=(HOSTILE,),
    inside_only=(HOSTILE,),
    notes=(HOSTILE,),
)

ANSWERS = (
    Answer(
        outcome=Outcome.REACHES_MODEL,
        reason="no AuthPolicy applies",
        status=200,
        gateway="openshift-ingress/openshift-ai-inference",
        listener="http",
        route="HTTPRoute my-first-model/qwen3-0-6b",
        rule=0,
        match=0,
        backend="InferencePool my-first-model/qwen3-0-6b-inference-pool",
        through_picker=True,
        steps=(
            Step("gateway", "Gateway openshift-ingress/openshift-ai-inference", "listener http"),
            Step("route", "HTTPRoute my-first-model/qwen3-0-6b", "rule 0, match 0"),
        ),
    ),
    Answer(
        outcome=Outcome.REFUSED,
        reason="no API key was sent",
        status=401,
        authenticated=True,
        gateway="openshift-ingress/maas-gateway",
        listener="https",
        route="HTTPRoute my-first-model/qwen3-0-6b",
        backend="Service my-first-model/qwen3-0-6b-kserve-workload-svc",
        policies=("openshift-ingress/maas-auth",),
    ),
    Answer(outcome=Outcome.NO_ROUTE, reason="no listener serves host other.example.com"),
)
