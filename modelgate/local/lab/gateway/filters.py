"""What a rule's filters do to a request before it goes on: rewritten, redirected, given headers.

Source: istio/istio 1.28, pilot/pkg/config/kube/gateway/conversion.go and
pilot/pkg/networking/core/route/route.go; the meaning of ReplacePrefixMatch is Gateway API's.
"""

import re
from collections.abc import Iterable
from typing import Final

from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError

_CODES: Final = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def header_changes(filters: Iterable[Body]) -> Config:
    """Changes of request and response headers, for a route or for one of its clusters."""
    changes: Config = {}
    for each in filters:
        if each["type"] == "RequestHeaderModifier":
            changes |= _modifier(each["requestHeaderModifier"], "request")
        if each["type"] == "ResponseHeaderModifier":
            changes |= _modifier(each["responseHeaderModifier"], "response")
    return changes


def _modifier(modifier: Body, side: str) -> Config:
    added = [
        {
            "header": {"key": each["name"], "value": each["value"]},
            "append_action": action,
        }
        for name, action in (
            ("set", "OVERWRITE_IF_EXISTS_OR_ADD"),
            ("add", "APPEND_IF_EXISTS_OR_ADD"),
        )
        for each in modifier.get(name, ())
    ]
    removed = modifier.get("remove", ())
    return {
        **({f"{side}_headers_to_add": added} if added else {}),
        **({f"{side}_headers_to_remove": list(removed)} if removed else {}),
    }


def rewrite(filters: Iterable[Body], prefix: str | None) -> Config:
    """Fields of a RouteAction; `prefix` is the path that matched, None where none did as such."""
    changes: Config = {}
    for each in filters:
        if each["type"] == "URLRewrite":
            told = each["urlRewrite"]
            if "hostname" in told:
                changes["host_rewrite_literal"] = told["hostname"]
            if "path" in told:
                changes["regex_rewrite"] = _path(told["path"], prefix)
    return changes


def redirect(filters: Iterable[Body], prefix: str | None, port: int) -> Config | None:
    """A RedirectAction, None where no filter asks for one."""
    for each in filters:
        if each["type"] == "RequestRedirect":
            told = each["requestRedirect"]
            return {"response_code": _code(told), **_target(told, port), **_place(told, prefix)}
    return None


def _code(told: Body) -> str:
    code = told.get("statusCode", 302)
    if code not in _CODES:
        raise NotUnderstoodError(f"redirect with status {code}")
    return _CODES[code]


def _target(told: Body, port: int) -> Config:
    target: Config = {}
    if "hostname" in told:
        target["host_redirect"] = told["hostname"]
    if "scheme" in told:
        target["scheme_redirect"] = told["scheme"]
    if "port" in told:
        target["port_redirect"] = told["port"]
    elif "scheme" not in told and port not in (80, 443):
        target["port_redirect"] = port
    return target


def _place(told: Body, prefix: str | None) -> Config:
    return {"regex_rewrite": _path(told["path"], prefix)} if "path" in told else {}


def _path(told: Body, prefix: str | None) -> Config:
    """The query is kept. A slash at the end of what replaces a prefix does not count."""
    if told["type"] == "ReplaceFullPath":
        return _regex("^.*$", _plain(told["replaceFullPath"]))
    if told["type"] != "ReplacePrefixMatch" or prefix is None:
        raise NotUnderstoodError(f"{told['type']} where no prefix is matched")
    old, new = re.escape(prefix.removesuffix("/")), told["replacePrefixMatch"].removesuffix("/")
    return _regex(f"^{old}(.*)$", f"{_plain(new)}\\1") if new else _regex(f"^{old}/*(.*)$", "/\\1")


def _regex(pattern: str, substitution: str) -> Config:
    return {"pattern": {"regex": pattern}, "substitution": substitution}


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\")
