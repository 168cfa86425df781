"""What each release makes from one service, whole."""

from collections.abc import Callable

import pytest
import yaml

from modelgate.topology.derive import derive
from modelgate.topology.objects import Object
from modelgate.versions import table
from tests.derive.samples import NAMESPACE, RELEASES, gateway, managed, manifest, service, to

Golden = Callable[[str, str], None]

LLAMA = {
    "model": {"uri": "oci://registry.example.com/llama:1"},
    "replicas": 1,
    "prefill": {"replicas": 3},
    "router": {"route": {}, "scheduler": {}},
}


class Plain(yaml.SafeDumper):
    """Writes what two places share twice, as people would."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def shown(objects: list[Object]) -> str:
    """Every derived object, each with what it comes from."""
    parts = [f"# from {one.derived_from}\n{yaml.dump(one.body, Dumper=Plain)}" for one in objects]
    return "---\n".join(parts).rstrip()


@pytest.mark.parametrize("release", RELEASES)
def test_two_gateways_one_service(release: str, golden: Golden) -> None:
    """The guide's service on both gateways; the closed one is opted out, the other is not."""
    own = {"opendatahub.io/managed": "false"}
    objects = [
        service(managed(gateway=to("openshift-ai-inference", "maas-gateway"))),
        gateway("maas-gateway", labels=own, annotations=own),
        gateway("openshift-ai-inference"),
    ]
    golden(f"{release}.yaml", shown(derive(objects, table().release(release))))


@pytest.mark.parametrize("release", ["3.2", "3.5"])
def test_prefill_and_decode_without_authentication(release: str, golden: Golden) -> None:
    """No model name, the default gateway, and `enable-auth: "false"`."""
    annotations = {"security.opendatahub.io/enable-auth": "False"}
    body = {"metadata": {"annotations": annotations}, "spec": LLAMA}
    place = (NAMESPACE, "llama")
    llama = manifest("serving.kserve.io/v1alpha1", "LLMInferenceService", place, body)
    golden(f"{release}-prefill.yaml", shown(derive([llama], table().release(release))))
