"""The judge against the released controllers: `python -m tests.lab.prove`, or `make prove`.

Exits with 1 where the judge calls a door closed that stands open, with 0 otherwise. Every
disagreement is written as a file: the manifests, shrunk, and the request.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
import yaml

from modelgate.cli.progress import ProgressLine
from modelgate.local.lab import lab
from tests.lab.agreement import Row, Word, compare, tally, with_witnesses
from tests.lab.execution import Executor, has_kuadrant
from tests.lab.shrinking import shrink
from tests.lab.topologies import Topology, executed_before, generated, generated_wider, of_the_cases

_BATCH: Final = 24
_ROOT: Final = Path(__file__).parents[2]
_VECTORS: Final = Path(os.environ.get("MODELGATE_VECTORS", _ROOT.parent / "shared" / "vectors"))


@click.command()
@click.option("--seed", default=1, show_default=True, help="The first random topology.")
@click.option("--count", default=48, show_default=True, help="How many random topologies.")
@click.option("--only", default="", help="Only topologies whose name begins like this.")
@click.option("--out", default="build/prove", show_default=True, type=Path, help="For cases.")
@click.option("--shrinks", default=4, show_default=True, help="How many disagreements to shrink.")
def main(seed: int, count: int, only: str, out: Path, shrinks: int) -> None:
    """Compare the judge with the real operator and Authorino; print a table of agreement."""
    sources = {
        "executed before": executed_before(_VECTORS),
        "cases of the judge": of_the_cases(),
        f"random {seed}..{seed + count - 1}": generated(seed, count),
        f"wider {seed}..{seed + count - 1}": generated_wider(seed, count),
    }
    chosen = {
        name: [with_witnesses(each) for each in found if each.name.startswith(only)]
        for name, found in sources.items()
    }
    with lab(ProgressLine()) as running:
        executor = Executor(running)
        found = {name: list(_compared(executor, topologies)) for name, topologies in chosen.items()}
        disagreeing = [row for rows in found.values() for row in rows if row.disagrees]
        for row in _first_of_each(disagreeing)[:shrinks]:
            _write(out, row, _shrunk(executor, row))
        memory = running.memory_mb
        executor.close()
    _print(found, disagreeing, memory)
    sys.exit(any(row.word is Word.WRONG for row in disagreeing))


def _compared(executor: Executor, topologies: Sequence[Topology]) -> Iterator[Row]:
    """In batches; a disagreement counts when it shows again in a batch of its own."""
    doubtful: list[Topology] = []
    for batch in _batches(topologies):
        click.echo(f"put to the lab: {batch[0].name} to {batch[-1].name}", err=True)
        for row in compare(executor, batch):
            if row.disagrees:
                doubtful.append(Topology(row.name, row.topology.bodies, [row.request]))
            else:
                yield row
    for batch in _batches(doubtful):
        yield from compare(executor, batch)


def _batches(topologies: Sequence[Topology]) -> Iterator[list[Topology]]:
    for guarded in (True, False):
        alike = [each for each in topologies if has_kuadrant(each) is guarded]
        for start in range(0, len(alike), _BATCH):
            yield alike[start : start + _BATCH]


def _first_of_each(rows: Sequence[Row]) -> list[Row]:
    """One row of each topology, the wrong ones first."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: list(Word).index(row.word)):
        first.setdefault(row.name, row)
    return list(first.values())


def _shrunk(executor: Executor, row: Row) -> Topology:
    def disagrees(topologies: Sequence[Topology]) -> list[bool]:
        named = [
            Topology(str(index), each.bodies, each.requests)
            for index, each in enumerate(topologies)
        ]
        rows = [found for batch in _batches(named) for found in compare(executor, batch)]
        still = {found.name for found in rows if found.word is row.word}
        return [str(index) in still for index in range(len(topologies))]

    return shrink(row.topology, row.request, disagrees)


def _write(out: Path, row: Row, topology: Topology) -> None:
    out.mkdir(parents=True, exist_ok=True)
    request = yaml.safe_dump(asdict(row.request) | {"headers": dict(row.request.headers)})
    head = "".join(f"# {line}\n" for line in [str(row), *request.splitlines()])
    path = out / f"{row.name.replace(':', '-')}.yaml"
    path.write_text(head + yaml.safe_dump_all(topology.bodies, sort_keys=False))
    click.echo(f"written: {path}", err=True)


def _print(found: dict[str, list[Row]], disagreeing: Sequence[Row], memory: dict[str, int]) -> None:
    for row in disagreeing:
        click.echo(str(row))
    width = max(len(str(word)) for word in Word)
    click.echo(" " * width + "  " + "  ".join(found))
    for word in Word:
        counts = (f"{tally(rows)[word]:>{len(name)}}" for name, rows in found.items())
        click.echo(f"{word:<{width}}  " + "  ".join(counts))
    totals = (f"{len(rows):>{len(name)}}" for name, rows in found.items())
    click.echo(f"{'requests':<{width}}  " + "  ".join(totals))
    not_put = Counter(
        row.reason for rows in found.values() for row in rows if row.word is Word.NOT_PUT
    )
    for reason, count in not_put.most_common():
        click.echo(f"not put: {count} requests: {reason}")
    click.echo(f"memory: {sum(memory.values())} MB ({memory})")


if __name__ == "__main__":
    main()
