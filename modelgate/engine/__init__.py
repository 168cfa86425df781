"""A program runs here in two ways that see the same: in process, and through the Pulumi engine.

`in_process.evaluate` needs neither Pulumi's command line nor a cluster; `automation` previews,
deploys and removes a stack with both, always under the policy pack.
"""
