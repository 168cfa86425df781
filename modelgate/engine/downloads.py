"""Asking the network is quick to fail: a machine without it is not kept waiting."""

import os
from urllib.request import getproxies, proxy_bypass

import urllib3

HOST = "get.pulumi.com"
SECONDS = 3.0
OFF = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"


def reachable(host: str = HOST) -> bool:
    """Can Pulumi's own downloads be had? Heeds the usual proxy variables; OFF says no."""
    if os.environ.get(OFF, "").lower() in {"1", "true"}:
        return False
    proxy = getproxies().get("https")
    manager = (
        urllib3.ProxyManager(proxy) if proxy and not proxy_bypass(host) else urllib3.PoolManager()
    )
    try:
        manager.request("HEAD", f"https://{host}/", timeout=SECONDS, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return True
