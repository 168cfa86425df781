"""Settings in, Kubernetes objects out: plain functions that know nothing of Pulumi."""
