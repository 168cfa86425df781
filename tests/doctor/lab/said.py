"""What the two commands say of the lab, as scripts read it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelgate.cli import main
from tests.doctor.lab.deployment import STACK

Document = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """The exit code, and the document of `-o json`."""

    exit_code: int
    document: Document

    def checks(self, status: str) -> list[str]:
        """The ids of the doctor's checks with that status, lowest layer first."""
        return [one["id"] for one in self.document["checks"] if one["status"] == status]

    def problems(self, id_: str) -> str:
        """What a check of the doctor found, with the ways out."""
        (check,) = (one for one in self.document["checks"] if one["id"] == id_)
        return "\n".join(f"{one['what']}\n  {one['fix']}" for one in check["problems"])

    @property
    def loud(self) -> list[str]:
        """The checks that failed, then those that are doubtful, each lowest layer first."""
        return [*self.checks("failed"), *self.checks("warned")]

    @property
    def exposed(self) -> list[Document]:
        """The doors that `check` calls open."""
        return [door for door in self.document["doors"] if door["verdict"] == "EXPOSED"]

    @property
    def verdicts(self) -> set[str]:
        """The verdicts of the doors that `check` judged."""
        return {door["verdict"] for door in self.document["doors"]}


@dataclass(frozen=True)
class Commands:
    """The commands as they are called, in this process."""

    project: Path
    output: pytest.CaptureFixture[str]

    def doctor(self, *more: str) -> Said:
        return self._run(["doctor", "-s", STACK, "--project", str(self.project), *more])

    def check(self) -> Said:
        """What an auditor sees who knows nothing of the stack."""
        return self._run(["check", "--live"])

    def replay(self, bundle: Path) -> Said:
        """The doctor on a bundle, without a cluster."""
        return self._run(["doctor", "--from-bundle", str(bundle)])

    def _run(self, arguments: Sequence[str]) -> Said:
        self.output.readouterr()
        code = main([*arguments, "-o", "json"])
        return Said(code, json.loads(self.output.readouterr().out))
