"""What can go wrong, one class for each consequence.

    FactoryError
      ConfigError          the recipe or the command is wrong: exit status 2, nothing was started
        PrerequisiteError  something must be installed or made first: exit status 2
      RunError             the run failed or is incomplete: exit status 1, it can be resumed
        PartError          one part failed or is damaged; the others go on
        CapReached         the run may not spend more
        SchedulerLost      the Dask scheduler does not answer any more
        Superseded         the run was started again while this start went on
      TeacherError         a teacher cannot answer anything any more
    Unjudged               not a failure: a filter cannot tell, and says why

Every message names the file and the key or part, the value, and the way out, in one line.
"""


class FactoryError(Exception):
    """Any error that is shown to the user as one line, without a traceback."""

    exit_status = 1


class ConfigError(FactoryError):
    """A recipe, a flag or a directory does not fit; nothing was started."""

    exit_status = 2


class PrerequisiteError(ConfigError):
    """A package, a file or a worker is missing; the message says how to get it."""


class RunError(FactoryError):
    """A run failed or is incomplete; what is finished stays on disk."""


class PartError(RunError):
    """One working file failed or is damaged."""


class CapReached(RunError):
    """A cap on cost or tokens is reached; raising it goes on with the run."""


class SchedulerLost(RunError):
    """The Dask scheduler of a run is gone."""


class Superseded(RunError):
    """A later start of the same run has taken over."""


class TeacherError(FactoryError):
    """A teacher cannot answer any request. One failed request is `Completion.error` instead."""


class Unjudged(Exception):
    """Raised by a filter's `score` when it can call an answer neither right nor wrong.

    Args:
        reason: a snake_case slug, unique within the filter; it goes into the data.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
