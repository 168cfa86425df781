"""What a change does to a stack, told in one way by every form: text, JSON, a comment."""

from modelgate.report.previews.outcome import Preview

__all__ = ["Preview"]
