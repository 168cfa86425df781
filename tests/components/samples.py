"""Settings that the tests share: the ten lines, and everything at once, for any release."""

from typing import Any

from modelgate import versions
from modelgate.config import StackConfig, load

RELEASES = tuple(release.name for release in versions.table().releases)
API_KEYS = {"alice-1": "sk-alice-1", "alice-2": "sk-alice-2"}


def ten_lines(release: str, **more: Any) -> StackConfig:
    """What a user writes who serves one model; `more` are further settings of the stack file."""
    raw = {
        "release": release,
        "gateway": {"hostname": "maas.example.com", "certificate": "maas-tls"},
        "models": [{"name": "granite", "uri": "hf://ibm-granite/granite-3.3-8b-instruct"}],
    }
    return load(raw | more, "dev", "Pulumi.dev.yaml")


def everything(release: str) -> StackConfig:
    """Every setting away from its default."""
    managed = versions.table().release(release).managed_route_takes_refs
    rate = {"limit": 10, "window": "1m"}
    raw = {
        "release": release,
        "versions": {
            "openshift": "4.20",
            "istio": "1.26.2",
            "kuadrant": "1.5.3",
            "gatewayApi": "1.4",
        },
        "gateway": {
            "hostname": "maas.example.com",
            "certificate": "maas-tls",
            "hostnameOnListener": True,
            "redirectHttp": True,
            "dns": {"provider": "aws-credentials"},
            "tls": {"issuer": "letsencrypt"},
            "routeNamespaces": ["team-a"],
            "tiers": [
                {"name": "free", "requests": [rate], "tokens": [rate]},
                {"name": "gold", "requests": [rate, rate | {"window": "1h"}], "tokens": [rate]},
            ],
            "access": {
                "keyLabels": {"app": "maas"},
                "keys": [
                    {"id": "alice-1", "user": "alice", "tier": "free"},
                    {"id": "alice-2", "user": "alice", "tier": "gold"},
                ],
                "jwt": {"issuerUrl": "https://sso.example.com", "audience": "maas", "tier": "gold"},
                "tokenReview": {"audiences": ["maas.example.com"], "tier": "free"},
            },
        },
        "testGateway": {"certificate": "test-tls"},
        "envoyFilter": "guide",
        "models": [
            {
                "name": "llama",
                "namespace": "team-b",
                "uri": "oci://quay.io/models/llama:1",
                "servedName": "llama",
                "replicas": 0,
                "prefill": {"replicas": 3, "parallelism": {"tensor": 2}},
                "parallelism": {"data": 4, "dataLocal": 2, "expert": True},
                "worker": {},
                "lora": [{"name": "sql", "uri": "hf://acme/sql-lora"}],
                "baseRefs": ["team-defaults"],
                "env": {"HF_HUB_OFFLINE": "1", "VLLM_ADDITIONAL_ARGS": "--max-model-len 8192"},
                "template": {
                    "serviceAccountName": "models",
                    "containers": [{"name": "main", "image": "quay.io/acme/vllm:1"}],
                },
                "labels": {"team": "b"},
                "annotations": {"acme.example.com/owner": "b"},
                "route": "managed" if managed else "own",
            },
            {"name": "plain", "namespace": "team-a", "uri": "pvc://weights/plain", "weights": None},
        ],
    }
    return load(raw, "dev", "Pulumi.dev.yaml")
