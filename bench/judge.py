"""Time and memory of the judge, process start included: `make bench`.

Each row is one run of a command in a process of its own: wall clock, processor time, and the
largest resident set that the kernel saw. The growth exponent is that of processor time between the
last two sizes, with what a run on one model costs taken off.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path

import yaml

from bench.stacks import Manifest, many_gateways, mixed, one_host

ROOT = Path(__file__).parents[1]
SIZES = (10, 100, 1_000, 10_000)
ASSUMED = "kuadrant=1.5.3,gateway-api=1.4,openshift-ai=3.4,istio=1.28"


@dataclass(frozen=True)
class Cost:
    seconds: float
    processor: float
    megabytes: float


def run(command: list[str]) -> Cost:
    """The cost of one process; a finding is no failure, a crash is."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    processor = usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - start, processor, usage.ru_maxrss / 1024)


def check(manifests: Iterable[Manifest], times: int) -> Cost:
    """The cheapest of `times` runs of `modelgate check` on these manifests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.yaml"
        with path.open("w", encoding="utf-8") as file:
            yaml.dump_all(manifests, file, Dumper=yaml.CSafeDumper, sort_keys=False)
        command = [sys.executable, "-m", "modelgate", "check", "-f", str(path), "-o", "json"]
        return cheapest([*command, "--assume", ASSUMED], times)


def cheapest(command: list[str], times: int) -> Cost:
    return min((run(command) for _ in range(times)), key=lambda cost: cost.seconds)


def growth(costs: list[Cost], empty: Cost) -> float:
    """The exponent by which time grows with size, between the last two sizes."""
    own = (max(cost.processor - empty.processor, 1e-3) for cost in (costs[-1], costs[-2]))
    last, before = own
    return log(last / before) / log(SIZES[-1] / SIZES[-2])


def rows(times: int) -> Iterator[str]:
    yield "| what | size | seconds | processor seconds | MB |"
    yield "|---|---:|---:|---:|---:|"
    empty = check(one_host(5), times)
    yield row("check, one model", 5, empty)
    shapes: dict[str, Callable[[int], Iterable[Manifest]]] = {
        "check, a hundred rules a gateway": many_gateways,
        "check, all rules on one host": one_host,
    }
    for name, make in shapes.items():
        costs = []
        for size in SIZES:
            costs.append(check(make(size), times))
            yield row(name, size, costs[-1])
        yield f"| growth exponent, 1,000 to 10,000 | | | {growth(costs, empty):.2f} | |"
    yield row("check, mixed resources", 336, check(mixed(336), times))
    yield row("policy pack, resources", 500, cheapest([sys.executable, "-m", "bench.pack"], times))


def row(name: str, size: int, cost: Cost) -> str:
    spent = f"{cost.seconds:.2f} | {cost.processor:.2f}"
    return f"| {name} | {size:,} | {spent} | {cost.megabytes:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="measure the judge on generated stacks")
    parser.add_argument("--times", type=int, default=3, help="runs of each; the cheapest counts")
    for line in rows(parser.parse_args().times):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
