"""The errors a user can cause or meet, drawn as a tree; each carries the exit code of the program.

    RegiftError            1   it failed; the message says what, where and how to mend
    |-- BadFile            1   a file as a whole cannot be read
    |-- UsageError         2   the request cannot be understood
    |-- TooManyBadRows     3   more rejected rows than --max-bad allows
    |-- Locked             5   another refresh or load holds the lock
    `-- BackendUnreachable 6   a server or an optional part is not there

(Exit 4, "done, but something was cut", is a result and not an error.)
"""


class RegiftError(Exception):
    """One line for the user: what happened, where, how to mend it."""

    exit_code = 1


class BadFile(RegiftError):
    """A file as a whole cannot be read: wrong columns, wrong encoding, damaged or empty."""


class UsageError(RegiftError):
    """The request names something unknown or malformed."""

    exit_code = 2


class TooManyBadRows(RegiftError):
    """A load was refused because of its bad rows; its rejects are kept."""

    exit_code = 3


class Locked(RegiftError):
    """Another process is writing this workspace."""

    exit_code = 5


class BackendUnreachable(RegiftError):
    """A server, driver or optional extra that the request needs is not available."""

    exit_code = 6
