"""A path that this package hands out is a complete file built from pinned, checked inputs.

What cannot be had as a package is built here from its published Go module, once, into the
user's cache folder; custom resource definitions are read out of the modules that publish them.
"""

from modelgate.builds.build import build, build_control_plane, build_pulumi, place_of
from modelgate.builds.cache import cache_folder
from modelgate.builds.crds import PROFILES, crd_files, kserve_files
from modelgate.builds.progress import Progress, silent
from modelgate.builds.tools import Tool, load_tool

__all__ = [
    "PROFILES",
    "Progress",
    "Tool",
    "build",
    "build_control_plane",
    "build_pulumi",
    "cache_folder",
    "crd_files",
    "kserve_files",
    "load_tool",
    "place_of",
    "silent",
]
