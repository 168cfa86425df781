"""The guide's fourth check, in both groups: a gateway must take the pool that its route names."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import condition
from modelgate.doctor.kinds import INFERENCE_POOL, INFERENCE_POOL_X, SERVICE, Kind
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.view import View, picker_of
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, mappings

ID = "inference-pools"
TITLE = "every InferencePool is accepted by a gateway, and names a picker that is there"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("model-crds", "routes")
READS: tuple[Kind, ...] = (INFERENCE_POOL, INFERENCE_POOL_X, SERVICE)
WAY_OUT = "look at the pool's status; each Istio reads the pools of one group only"
WAITS = True


def run(view: View) -> Result:
    pools: dict[str, list[Object]] = {}
    for pool in view.of(INFERENCE_POOL, INFERENCE_POOL_X):
        pools.setdefault(f"{pool.namespace}/{pool.name}", []).append(pool)
    problems = (p for name, forms in pools.items() for p in _pool(view, name, forms))
    return judged(problems, ", ".join(pools) or "none")


def _pool(view: View, name: str, forms: list[Object]) -> Iterator[Problem]:
    """One pool in one or both groups; it is enough that one of them is taken."""
    parents = [one for pool in forms for one in _parents(pool)]
    if not parents:
        groups = ", ".join(pool.group for pool in forms)
        yield Problem(
            f"InferencePool {name} ({groups}): no gateway has taken it",
            "no route of a gateway leads to it, or the gateway's Istio reads another group",
        )
    for type_ in ("Accepted", "ResolvedRefs"):
        said = [condition(one, type_) for one in parents]
        if said and not any(found.holds for found in said):
            yield Problem(f"InferencePool {name}: {said[0]}")
    picker = picker_of(forms[0])
    if view.find(SERVICE, forms[0].namespace, picker) is None:
        yield Problem(
            f"InferencePool {name} names the picker Service {forms[0].namespace}/{picker}, which"
            " does not exist"
        )


def _parents(pool: Object) -> Iterator[Mapping[str, Any]]:
    """Of v1 `status.parents`, of v1alpha2 `status.parent`; a default entry is none."""
    status = mapping(pool.body.get("status"))
    for one in (*mappings(status.get("parents")), *mappings(status.get("parent"))):
        if mapping(one.get("parentRef")).get("kind") != "Status":
            yield one
