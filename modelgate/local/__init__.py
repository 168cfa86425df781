"""A local control plane leaves nothing running when its owner is gone.

etcd, kube-apiserver and kube-controller-manager of this machine, for previews, deployments and
tests without a cluster: no kubelet, no scheduler, so nothing that is declared ever runs.
"""

from modelgate.local.control_plane import control_plane, down, status, up
from modelgate.local.state import Status

__all__ = ["Status", "control_plane", "down", "status", "up"]
