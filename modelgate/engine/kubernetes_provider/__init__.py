"""A stand-in for Pulumi's Kubernetes plugin, only for where that one cannot be had.

It does less than the plugin and says so: plain objects of the Kubernetes API, nothing that renders,
waits or patches. It lives inside the calling process, so a user's own Pulumi never finds it.
"""

from modelgate.engine.kubernetes_provider.server import serve, version

__all__ = ["serve", "version"]
