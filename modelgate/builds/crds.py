"""Custom resource definitions come out of the pinned modules that publish them, never from a copy.

One folder of tools/crds/ is one profile: go.mod and go.sum pin the modules, crds.txt names the
files in them. Two profiles, because KServe 0.16 and 0.20 define the same kinds differently.
"""

import json
import subprocess
from pathlib import Path

from modelgate.builds.cache import cache_folder
from modelgate.builds.go import environment, explain, find_go, run
from modelgate.builds.progress import Progress, Step
from modelgate.builds.tools import TOOLS, go_needed
from modelgate.errors import ConfigurationError, ModelgateError

PROFILES = ("kserve-0.16", "kserve-0.20")


def crd_files(profile: str, progress: Progress) -> list[Path]:
    """The YAML files with the definitions of `profile`, in the Go module cache; downloaded if
    they are not there. A file may hold several definitions and other objects beside them.

    Raises ConfigurationError for an unknown profile, ModelgateError without Go or network, or
    when a module no longer holds a file that crds.txt names.
    """
    if profile not in PROFILES:
        raise ConfigurationError(f"no CRD profile {profile!r}", f"one of {', '.join(PROFILES)}")
    pins = TOOLS / "crds" / profile
    folders = module_folders(pins, progress)
    files: list[Path] = []
    for line in (pins / "crds.txt").read_text().splitlines():
        module, pattern = line.split()
        found = sorted(folders[module].glob(pattern))
        if not found:
            raise ModelgateError(
                f"no {pattern} in {folders[module]}",
                "the module cache is damaged: run `go clean -modcache`, then try again",
            )
        files += found
    return files


def kserve_files(profile: str, pattern: str, progress: Progress) -> list[Path]:
    """Files of the KServe of `profile`: its own presets and configuration. Raises ModelgateError.

    `pattern` is below the module's `config` folder.
    """
    folders = module_folders(TOOLS / "crds" / profile, progress)
    return sorted((folders["github.com/kserve/kserve"] / "config").glob(pattern))


def module_folders(pins: Path, progress: Progress) -> dict[str, Path]:
    """Where the pinned modules lie, by module path; each was checked against go.sum."""
    go = find_go(go_needed(pins), progress)
    run([str(go), "mod", "download"], pins, Step(progress, "get the custom resource definitions"))
    listing = subprocess.run(
        [go, "mod", "download", "-json"],
        cwd=pins,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        raise explain((listing.stdout + listing.stderr).splitlines(), cache_folder())
    decoder, text, folders = json.JSONDecoder(), listing.stdout.strip(), {}
    while text:
        module, end = decoder.raw_decode(text)
        folders[module["Path"]] = Path(module["Dir"])
        text = text[end:].lstrip()
    return folders
