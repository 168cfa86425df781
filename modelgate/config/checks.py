"""What settings may not say together; each problem names its place and the way out."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelgate import versions
from modelgate.config.gateway import Gateway
from modelgate.config.model import Parallelism, Pods
from modelgate.config.stack import StackConfig, Versions
from modelgate.environments import is_production
from modelgate.errors import ConfigurationError
from modelgate.spelling import did_you_mean

PLATFORM_GATEWAY = "data-science-gateway"


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted, as in the stack file; `text` says what is wrong and what is allowed."""

    path: str
    text: str


def problems(config: StackConfig, stack: str, non_production: tuple[str, ...]) -> Iterator[Problem]:
    """Everything that fits field by field and not together."""
    yield from _versions(config)
    yield from hostname_problems(config.gateway, config.versions)
    yield from _names(config)
    yield from _tiers(config.gateway)
    yield from _routes(config)
    yield from _test_gateway(config, stack, non_production)


def hostname_problems(gateway: Gateway, stated: Versions) -> Iterator[Problem]:
    """A hostname on listener and routes is only as good as the filter that compares it."""
    if not gateway.hostname_on_listener:
        for field in ("dns", "tls"):
            if getattr(gateway, field) is not None:
                yield Problem(
                    f"gateway.{field}",
                    "needs a hostname on the listener: set gateway.hostnameOnListener to true",
                )
        return
    if stated.kuadrant is None:
        yield Problem(
            "gateway.hostnameOnListener",
            "needs Kuadrant 1.5.3 or later, and versions.kuadrant is not stated: state it",
        )
    elif versions.table().kuadrant(stated.kuadrant).host_case_sensitive:
        yield Problem(
            "gateway.hostnameOnListener",
            f"needs Kuadrant 1.5.3 or later, versions.kuadrant is {stated.kuadrant}: its filter "
            f"compares hosts case-sensitively, so `Host: {gateway.hostname.upper()}` would pass "
            "without credentials; upgrade, or leave hostnameOnListener out",
        )


def _versions(config: StackConfig) -> Iterator[Problem]:
    table = versions.table()
    stated = config.versions
    lookups = (
        ("release", config.release, table.release),
        ("versions.openshift", stated.openshift, table.openshift),
    )
    for path, value, look_up in lookups:
        if value is not None:
            try:
                look_up(value)
            except ConfigurationError as error:
                yield Problem(path, f"{error.message}; {error.hint}")


def _names(config: StackConfig) -> Iterator[Problem]:
    yield from _gateway_name(config)
    yield from _twice("models", [model.path for model in config.models])
    yield from _twice("gateway.tiers", [tier.name for tier in config.gateway.tiers])
    yield from _twice("gateway.access.keys", [key.id for key in config.gateway.access.keys])
    for index, model in enumerate(config.models):
        names = [model.served_as, *(adapter.name for adapter in model.lora)]
        yield from _twice(f"models[{index}].lora", names)


def _gateway_name(config: StackConfig) -> Iterator[Problem]:
    name = config.gateway.name
    if name == PLATFORM_GATEWAY:
        yield Problem(
            "gateway.name", f"is {name}, which serves OpenShift AI's own pages; choose another"
        )
    try:
        default = config.release_profile.default_gateway
    except ConfigurationError:
        return  # told by _versions
    if config.test_gateway is not None and f"{config.gateway.namespace}/{name}" == default:
        yield Problem("gateway.name", f"is {name}, and so is the test gateway's; choose another")


def _twice(path: str, values: list[str]) -> Iterator[Problem]:
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield Problem(path, f"has {value} more than once")


def _tiers(gateway: Gateway) -> Iterator[Problem]:
    tiers = [tier.name for tier in gateway.tiers]
    access = gateway.access
    named = {f"keys[{index}]": key.tier for index, key in enumerate(access.keys)}
    if access.jwt is not None:
        named["jwt"] = access.jwt.tier
    if access.token_review is not None:
        named["tokenReview"] = access.token_review.tier
    for place, tier in named.items():
        if tier not in tiers:
            yield Problem(
                f"gateway.access.{place}.tier",
                f"is {tier}, which is no tier{did_you_mean(tier, tiers)}; "
                f"tiers are {', '.join(tiers)}",
            )


def _routes(config: StackConfig) -> Iterator[Problem]:
    try:
        release = config.release_profile
    except ConfigurationError:
        return  # told by _versions
    if config.model_tls and not (release.upstream and release.picker.secure):
        why = "has no TLS for models" if release.upstream else "gives every model TLS by itself"
        yield Problem("modelTls", f"is true, and {release.title} {why}; leave it out")
    for index, model in enumerate(config.models):
        yield from _workers(f"models[{index}]", model)
        if model.prefill is not None:
            yield from _workers(f"models[{index}].prefill", model.prefill)
        if model.route == "managed" and not release.managed_route_takes_refs:
            yield Problem(
                f"models[{index}].route",
                f"is managed, and {release.title} keeps managed routes on its own gateway "
                f"{release.default_gateway}; use own",
            )


def _workers(path: str, pods: Pods) -> Iterator[Problem]:
    spread = pods.parallelism or Parallelism()
    if pods.worker is not None and not (spread.pipeline or spread.data):
        yield Problem(f"{path}.worker", "needs parallelism.pipeline or parallelism.data")
    if spread.pipeline and spread.data:
        yield Problem(f"{path}.parallelism", "has pipeline and data; KServe takes one of them")
    if bool(spread.data) != bool(spread.data_local):
        yield Problem(f"{path}.parallelism", "must have data and dataLocal together")


def _test_gateway(
    config: StackConfig, stack: str, non_production: tuple[str, ...]
) -> Iterator[Problem]:
    if config.test_gateway is not None and is_production(stack, non_production):
        yield Problem(
            "testGateway",
            f"serves models without credentials, and stack {stack} is production; leave it out "
            f"(stacks that are not production: {', '.join(non_production)})",
        )
