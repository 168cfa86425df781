"""Hostnames as Gateway API, Envoy and Kuadrant's filter read them. `""` and `*` mean any host."""

from collections.abc import Collection

ANY = "*"


def is_wildcard(hostname: str) -> bool:
    return hostname.startswith("*")


def covers(pattern: str, host: str) -> bool:
    """Whether the hostname or wildcard `pattern` admits `host` (itself a name or a wildcard).

    `*.example.com` admits any number of labels, but not `example.com` (Gateway API, Listener).
    """
    if pattern in ("", ANY) or pattern == host:
        return True
    return pattern.startswith("*.") and host.lstrip("*").endswith(pattern[1:]) and host != ANY


def intersect(listener: str, route: str) -> str | None:
    """The more specific of two hostnames that overlap; None where they do not."""
    if covers(listener, route):
        return route or listener or ANY
    if covers(route, listener):
        return listener
    return None


def specificity(hostname: str) -> tuple[bool, int]:
    """Sorts the most specific last: exact names above wildcards, then by length."""
    return (not is_wildcard(hostname), len(hostname))


def envoy_host(host: str) -> str:
    """The name by which Envoy looks up a virtual host: lower case, cut at the last colon.

    Measured on Envoy 1.36.4 and 1.40.0 with `ignore_port_in_host_matching`.
    """
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def nearest(hostnames: Collection[str], host: str) -> str | None:
    """The most specific of `hostnames` that admits the concrete `host`: exact, wildcard, `*`."""
    if host in hostnames and not is_wildcard(host):
        return host
    rest = host
    while (dot := rest.find(".")) >= 0:
        rest = rest[dot + 1 :]
        if f"*.{rest}" in hostnames:
            return f"*.{rest}"
    return ANY if ANY in hostnames else None
