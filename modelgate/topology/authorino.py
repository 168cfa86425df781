"""What Authorino says to a request, in three values; what cannot be proved is UNSURE.

Semantics: Authorino 0.27 `pkg/service/auth_pipeline.go`, executed. Identities are OR-ed: one
success suffices. No identity at all means an implicit anonymous one. Metadata never refuses.
Authorization is AND-ed; an authorization rule whose `when` is false or fails is skipped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from modelgate.topology import cel
from modelgate.topology.cel_syntax import CelSyntaxError, free_names, parse
from modelgate.topology.conditions import Attributes, holds
from modelgate.topology.effective import Effective, named_patterns
from modelgate.topology.values import mapping, mappings, text


class Say(Enum):
    PASSES = "passes"
    REFUSES = "refuses"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Word:
    """Authorino's answer: `status` for a refusal, `credentials` where a credential let it pass."""

    say: Say
    reason: str
    status: int = 200
    credentials: bool = False


METHODS = (
    "apiKey",
    "jwt",
    "oauth2Introspection",
    "kubernetesTokenReview",
    "x509",
    "plain",
    "anonymous",
)

AUTHORIZATION = ("patternMatching", "opa", "kubernetesSubjectAccessReview", "spicedb")


def ask(effective: Effective, request: Attributes) -> Word:
    """Authorino's answer under the AuthConfig that `effective` becomes."""
    identities = effective.section("authentication")
    patterns = named_patterns(effective)
    if not identities:
        who = Word(Say.PASSES, "no authentication entry: Authorino adds an anonymous identity")
    else:
        words = [_identity(n, mapping(e), request, patterns) for n, e in identities.items()]
        who = _any(words)
    if who.say is Say.REFUSES:
        return who
    rules = effective.section("authorization")
    verdicts = [_authorization(n, mapping(e), request, patterns) for n, e in rules.items()]
    denied = next((word for word in verdicts if word.say is Say.REFUSES), None)
    if denied and not who.credentials:
        return denied
    unsure = next((word for word in (who, *verdicts) if word.say is Say.UNSURE), None)
    return unsure if unsure and not who.credentials else who


def _any(words: list[Word]) -> Word:
    broken = next((word for word in words if word.status == 404), None)
    if broken:
        sound = all(word.say is Say.REFUSES for word in words)
        return (
            broken if sound else Word(Say.UNSURE, f"{broken.reason}; an older one may be in force")
        )
    for say in (Say.PASSES, Say.UNSURE):
        for credentials in (False, True):
            for word in words:
                if word.say is say and word.credentials is credentials:
                    return word
    return Word(Say.REFUSES, "; ".join(word.reason for word in words), 401)


def _identity(
    name: str,
    entry: Mapping[str, Any],
    request: Attributes,
    patterns: Mapping[str, list[Mapping[str, Any]]],
) -> Word:
    methods = [method for method in METHODS if method in entry]
    if not methods:
        return Word(Say.REFUSES, f"identity {name} has no method: its AuthConfig is invalid", 404)
    if len(methods) > 1:
        return Word(Say.UNSURE, f"identity {name} names several methods: {', '.join(methods)}")
    applies = holds(entry.get("when"), request, patterns)
    if applies is False:
        return Word(Say.REFUSES, f"identity {name} does not apply", 401)
    word = _method(name, methods[0], entry, request)
    if word.say is Say.REFUSES and "cache" in entry and not _cached_by_credential(entry):
        return Word(Say.UNSURE, f"identity {name} is cached by a key that is not the credential")
    if word.say is Say.PASSES and isinstance(applies, cel.Unsure):
        return Word(Say.UNSURE, f"identity {name} ({methods[0]}) applies when {applies.reason}")
    if word.say is Say.PASSES and isinstance(applies, cel.CelError):
        return Word(Say.REFUSES, f"the condition of identity {name} fails", 401)
    return word


def _method(name: str, method: str, entry: Mapping[str, Any], request: Attributes) -> Word:
    if method == "anonymous":
        return Word(Say.PASSES, f"identity {name} is anonymous")
    if method == "plain":
        return _plain(name, mapping(entry["plain"]), request)
    if method == "x509" and mapping(mapping(entry["x509"]).get("source")):
        return Word(Say.UNSURE, f"identity {name} reads a certificate from what a client may send")
    if request.carries(entry.get("credentials")):
        return Word(Say.PASSES, f"identity {name} accepts the credentials", credentials=True)
    return Word(Say.REFUSES, f"identity {name} ({method}) wants credentials", 401)


def _plain(name: str, source: Mapping[str, Any], request: Attributes) -> Word:
    value = request.resolve(source)
    if isinstance(value, cel.Unsure):
        return Word(Say.UNSURE, f"identity {name} takes any value of {value.reason}")
    if value is None or isinstance(value, cel.CelError):
        return Word(Say.REFUSES, f"plain identity {name} finds no value", 401)
    return Word(Say.PASSES, f"identity {name} takes any value that a client sends")


_CREDENTIAL = re.compile(
    r"(?:context\.)?request(?:\.http)?\.headers(?:\.([\w-]+)|\[(?:'([\w-]+)'|\"([\w-]+)\")\])",
    re.IGNORECASE,
)


def _cached_by_credential(entry: Mapping[str, Any]) -> bool:
    """Whether the cache key is the header that holds the credential, whole and unchanged."""
    key = mapping(mapping(entry.get("cache")).get("key"))
    found = _CREDENTIAL.fullmatch(text(key.get("selector")) or text(key.get("expression")))
    where = mapping(entry.get("credentials"))
    if "queryString" in where or "cookie" in where:
        return False
    header = text(mapping(where.get("customHeader")).get("name"), "authorization")
    return found is not None and str(found[1] or found[2] or found[3]).lower() == header.lower()


def _authorization(
    name: str,
    entry: Mapping[str, Any],
    request: Attributes,
    patterns: Mapping[str, list[Mapping[str, Any]]],
) -> Word:
    applies = holds(entry.get("when"), request, patterns)
    if applies is False or isinstance(applies, cel.CelError):
        return Word(Say.PASSES, f"authorization {name} does not apply")
    word = _verdict(name, entry, request, patterns)
    if word.say is Say.REFUSES and isinstance(applies, cel.Unsure):
        return Word(Say.UNSURE, f"authorization {name} applies when {applies.reason}")
    return word


def _verdict(
    name: str,
    entry: Mapping[str, Any],
    request: Attributes,
    patterns: Mapping[str, list[Mapping[str, Any]]],
) -> Word:
    methods = [method for method in AUTHORIZATION if method in entry]
    if len(methods) > 1:
        named = ", ".join(methods)
        return Word(Say.UNSURE, f"authorization {name} names several methods: {named}")
    if "patternMatching" in entry:
        wanted = mapping(entry["patternMatching"]).get("patterns")
        answer = holds(wanted, request, patterns)
        if answer is True:
            return Word(Say.PASSES, f"authorization {name} is satisfied by anybody")
        if answer is False:
            return Word(Say.REFUSES, f"authorization {name} denies", 403)
        return Word(Say.UNSURE, f"authorization {name} depends on {_why(answer)}")
    opa = mapping(entry.get("opa"))
    if opa and "externalPolicy" not in opa:
        return _rego(name, text(opa.get("rego")))
    return Word(Say.UNSURE, f"whether authorization {name} admits an anonymous caller is not known")


def _why(answer: bool | cel.CelError | cel.Unsure) -> str:
    return answer.reason if isinstance(answer, cel.Unsure) else str(answer)


_DENY = re.compile(r"\A(default\s+)?allow\s*(:?=\s*false|\{\s*false\s*\}|if\s*\{?\s*false\s*\}?)\Z")
_ALLOW = re.compile(r"\A(default\s+)?allow\s*(:?=\s*true|\{\s*true\s*\}|if\s*\{?\s*true\s*\}?)\Z")


def _rego(name: str, rego: str) -> Word:
    """Only the one-line forms that always deny or always allow are understood."""
    lines = (line.partition("#")[0].strip() for line in rego.splitlines())
    code = " ".join(line for line in lines if line)
    if _DENY.match(code):
        return Word(Say.REFUSES, f"authorization {name} denies everything", 403)
    if _ALLOW.match(code):
        return Word(Say.PASSES, f"authorization {name} allows everything")
    return Word(Say.UNSURE, f"the Rego of authorization {name} is not understood")


def skipped(effective: Effective, request: Attributes) -> bool | cel.CelError | cel.Unsure:
    """Whether the top-level `when` switches the policy off for `request`; an error is closed."""
    answer: bool | cel.CelError | cel.Unsure = True
    for item in mappings(effective.when):
        try:
            value = cel.holds(parse(text(item.get("predicate"))), request.filter_env)
        except CelSyntaxError as error:
            value = cel.Unsure(str(error))
        if value is False:
            return True
        if value is not True and answer is True:
            answer = value
    return False if answer is True else answer


ROOTS = frozenset({"request", "source", "destination", "connection", "auth", "metadata"})


def dropped(effective: Effective) -> str:
    """Why the operator leaves out the auth action of this path, or empty.

    kuadrant-operator 1.5.2 `istio_extension_reconciler.go`: a `when` that does not parse or names
    an undeclared variable drops the action and keeps the rest; the requests pass (executed).
    """
    for item in mappings(effective.when):
        predicate = text(item.get("predicate"))
        try:
            missing = sorted(free_names(parse(predicate)) - ROOTS)
        except CelSyntaxError:
            return f"`when` is not CEL: {predicate}"
        if missing:
            return f"`when` names {', '.join(missing)}, which does not exist: {predicate}"
    return ""
