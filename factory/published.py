"""The recipe as it goes out with the dataset: no addresses, no paths, nothing about a person."""

from typing import Any

import tomli_w

from factory.recipe import Job

_PRIVATE = frozenset(
    {"user", "metadata", "safety_identifier", "prompt_cache_key", "hf_token", "api_key", "token"}
)
_PUBLISHED = """\
# What this dataset was made with. Addresses, prices, limits and directories stay at home: a teacher
# of kind "http" needs its base_urls, a model that was read from a directory that directory.

"""


def published_toml(job: Job) -> str:
    """The recipe of a job for its readers."""
    table = job.data_table()
    for own in table["teachers"].values() if job.recipe.teachers else [table["teacher"]]:
        for key in ("engine_args", "extra_body"):
            if key in own:
                own[key] = _withheld(own[key])
    return f"{_PUBLISHED}{tomli_w.dumps(table)}"


def _withheld(value: Any, key: str = "") -> Any:
    """A teacher's free-form settings without paths, addresses and what names a person."""
    if key in _PRIVATE:
        return "withheld"
    if isinstance(value, dict):
        return {name: _withheld(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_withheld(item, key) for item in value]
    if isinstance(value, str) and ("://" in value or value.startswith(("/", "~", "."))):
        return "withheld"
    return value
