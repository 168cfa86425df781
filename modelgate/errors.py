"""Errors that people read: what is wrong, where, and the way out. Never a traceback."""


class ModelgateError(Exception):
    """Something a person can mend.

    `message` says what is wrong, where, with which value; `hint` is the way out.
    `exit_code`: 1 rejected or failed, 2 wrong usage or configuration, 3 could not judge.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ConfigurationError(ModelgateError):
    """The configuration or the command line is wrong."""

    exit_code = 2
