"""Nothing secret leaves the API's answer: not into a report, a bundle, or an error.

Of a Secret only names stay. Of pods only the environment that the doctor has questions about
stays, and no argument that looks like a credential. What is known to be secret by its value is
taken out of whatever is written.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

REMOVED: Final = "<removed>"
OURS: Final = "modelgate"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_SHORTEST: Final = 6
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_FLAG: Final = re.compile(r"(?i)(key|token|secret|password|passwd|credential)")
_ENVIRONMENT: Final = frozenset(
    {
        "AUTH_SERVICE_FAILURE_MODE",
        "AUTH_SERVICE_TIMEOUT",
        "ENABLE_GATEWAY_API_INFERENCE_EXTENSION",
        "ISTIO_GATEWAY_CONTROLLER_NAMES",
        "RATELIMIT_SERVICE_FAILURE_MODE",
        "SSL_CERT_DIR",
        "USE_STREAMING",
    }
)


def clean(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what is secret, and without what only fills space."""
    kept = dict(body)
    kept["metadata"] = _metadata(body.get("metadata") or {})
    for field in ("data", "stringData"):
        if body.get("kind") == "Secret" and isinstance(body.get(field), Mapping):
            kept[field] = dict.fromkeys(body[field], REMOVED)
    for field in ("spec", "status"):
        if isinstance(body.get(field), Mapping):
            kept[field] = _pods(body[field])
    return kept


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(metadata)
    if (metadata.get("labels") or {}).get(MANAGED_BY) != OURS:
        kept.pop("managedFields", None)
    if _APPLIED in (metadata.get("annotations") or {}):
        kept["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _APPLIED}
    return kept


def _pods(value: Any) -> Any:
    """`value` with every container in it made harmless, however deep it lies."""
    if isinstance(value, Mapping):
        kept = {key: _pods(item) for key, item in value.items()}
        if isinstance(kept.get("env"), list):
            kept["env"] = [_variable(one) for one in kept["env"]]
        for field in ("args", "command"):
            if isinstance(kept.get(field), list):
                kept[field] = arguments(kept[field])
        return kept
    return [_pods(item) for item in value] if isinstance(value, list) else value


def _variable(one: Any) -> Any:
    if not isinstance(one, Mapping) or "value" not in one or one.get("name") in _ENVIRONMENT:
        return one
    return {**one, "value": REMOVED}


def arguments(args: Sequence[Any]) -> list[Any]:
    """`args` with the values of flags that are named like credentials removed."""
    kept: list[Any] = []
    hide = False
    for arg in args:
        is_flag = isinstance(arg, str) and arg.startswith("-") and "\n" not in arg
        if not is_flag:
            kept.append(REMOVED if hide else arg)
            hide = False
            continue
        flag, sign, _ = arg.partition("=")
        secret = bool(_SECRET_FLAG.search(flag))
        kept.append(f"{flag}={REMOVED}" if secret and sign else arg)
        hide = secret and not sign
    return kept


class Eraser:
    """Takes known values out of text: as they are, as base64, and as a URL or JSON writes them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms: set[str] = set()
        for value in values:
            if len(value) >= _SHORTEST:
                encoded = base64.b64encode(value.encode()).decode()
                forms |= {value, encoded, encoded.rstrip("="), quote(value, safe="")}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        return self._pattern.sub(REMOVED, text) if self._pattern else text

    def data(self, value: Any) -> Any:
        """JSON-like data with every text in it erased, names of fields included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.data(key): self.data(item) for key, item in value.items()}
        return [self.data(item) for item in value] if isinstance(value, list) else value
