"""A project in git whose program declares the manifests beside it, through its own component."""

import shutil
import subprocess
from pathlib import Path

from tests.cli import manifests

GIT = shutil.which("git") or "git"
PROGRAM = """\
from components.declare import everything

everything()
"""
COMPONENT = """\
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import yaml


def everything() -> None:
    for body in yaml.safe_load_all(Path(f"{pulumi.get_stack()}.yaml").read_text()):
        if body["kind"] == "Namespace":
            k8s.core.v1.Namespace(body["metadata"]["name"], metadata=body["metadata"])
            continue
        k8s.apiextensions.CustomResource(
            f"{body['kind']} {body['metadata']['name']}",
            api_version=body["apiVersion"],
            kind=body["kind"],
            metadata=body["metadata"],
            spec=body.get("spec"),
        )
"""


def write(root: Path, **stacks: str) -> Path:
    """The project in `root`, with the manifests of each of `stacks`."""
    (root / "components").mkdir(parents=True, exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: maas\nruntime: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    (root / "components" / "__init__.py").write_text("")
    (root / "components" / "declare.py").write_text(COMPONENT)
    for stack, text in stacks.items():
        (root / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
        (root / f"{stack}.yaml").write_text(text)
    return root


def committed(root: Path, message: str = "x") -> str:
    """Everything in `root` as a commit; its name."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", message)
    return git(root, "rev-parse", "HEAD")


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run([GIT, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


CLOSED, OPEN = manifests.CLOSED, manifests.OPEN
