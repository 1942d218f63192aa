"""What the Hub refuses, in words that say what to do."""

from collections.abc import Callable

from huggingface_hub.errors import HfHubHTTPError

from factory.errors import ConfigError, FactoryError, PrerequisiteError, RunError
from factory.publishing.patience import causes

LOG_IN = "set HF_TOKEN, or log in with: hf auth login"


def explained(
    what: str, error: BaseException, rights: Callable[[], str], hide: Callable[[str], str]
) -> FactoryError:
    """The error to raise for what the client raised.

    Args:
        what: was being done.
        error: of the client, which wraps those of its threads.
        rights: tells what the token may do; asked where that was the trouble.
        hide: takes the token out of a text.
    """
    chain = list(causes(error))
    if ours := [each for each in chain if isinstance(each, FactoryError)]:
        return ours[0]
    replies = [each for each in chain if isinstance(each, HfHubHTTPError)]
    if not replies:
        return RunError(f"{what}: {hide(str(chain[-1]))}")
    said = hide(replies[0].server_message or str(replies[0]))
    match replies[0].response.status_code:
        case 401:
            return PrerequisiteError(f"{what}: the Hub does not accept the token (401); {LOG_IN}")
        case 403:
            return ConfigError(f"{what}: forbidden (403): {said}; {rights()}")
        case 404:
            return RunError(
                f"{what}: not found (404): {said}; it was deleted or renamed meanwhile, or the "
                "token may not see it"
            )
        case 409 | 412:
            return RunError(
                f"{what}: somebody else changed the repository meanwhile: {said}; nothing was "
                "committed: run the same command again"
            )
        case status:
            return RunError(f"{what}: the Hub refuses ({status}): {said}")
