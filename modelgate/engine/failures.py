"""What the engine says when it cannot go on, in words that lead on."""

import re
from collections.abc import Sequence

from modelgate.engine.results import Diagnostic
from modelgate.engine.workspace import FOLDER, PASSPHRASE, PASSPHRASE_FILE
from modelgate.errors import ConfigurationError, ModelgateError

UNREACHABLE = ("the cluster cannot be reached", "configured Kubernetes cluster is unreachable")
_ERROR = re.compile(r"^\s*error: (.*)", re.MULTILINE)
_PACK = re.compile(r'policy pack "(?P<folder>[^"]+)" failed to start: (?P<why>.*)')
_CRASH = re.compile(r"python inline source runtime error: (?P<why>.*)")
_PYTHON_ERROR = re.compile(r"^\s*(\w*(?:Error|Exception|Exit|Warning): .*)$", re.MULTILINE)


def explain(text: str, stack: str) -> ModelgateError:
    """The error for a person, from what the command line wrote."""
    if "incorrect passphrase" in text:
        return ConfigurationError(
            f"the passphrase does not open the secrets of stack {stack}",
            f"check {PASSPHRASE} or {PASSPHRASE_FILE}; the passphrase that a local state made "
            f"for itself is in {FOLDER}/passphrase",
        )
    if "currently locked by" in text or "Another update is currently in progress" in text:
        return ModelgateError(
            f"stack {stack} is locked: another update of it runs, or one has crashed",
            f"wait for it; if none runs, free it with `pulumi cancel --stack {stack}`",
            exit_code=1,
        )
    pack = _PACK.search(text)
    if pack:
        said = (_PYTHON_ERROR.findall(text) or [pack["why"]])[-1].strip()
        return ModelgateError(
            f"the policy pack {pack['folder']} did not start, so nothing was judged: {said}",
            exit_code=3,
        )
    crash = _CRASH.search(text)
    if crash:
        return ModelgateError(f"the program of stack {stack} failed: {crash['why'].strip()}")
    found = _ERROR.findall(text)
    said = "; ".join(dict.fromkeys(line.strip() for line in found)) or text.strip()[-400:]
    return ModelgateError(f"Pulumi could not run stack {stack}: {said}", exit_code=3)


def unreachable(diagnostics: Sequence[Diagnostic]) -> str:
    """The message that the cluster cannot be reached, if there is one."""
    for diagnostic in diagnostics:
        if any(words in diagnostic.message for words in UNREACHABLE):
            return diagnostic.message
    return ""
