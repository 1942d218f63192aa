"""How long an example is in the tokens of a model that is to learn from it."""

from functools import cache
from typing import Any, ClassVar

from factory.config import require_positive, settings
from factory.errors import PrerequisiteError, Unjudged
from factory.records import Response, Verdict
from factory.teachers import models


@settings
class TokenLength:
    """Drop examples that are too long to be learned whole.

    The defaults are those with which NVIDIA's tutorial for the released dataset curates it
    (NeMo Curator, tutorials/text/llama-nemotron-data-curation). What a chat template adds is not
    counted.
    """

    name: ClassVar[str] = "token_length.v1"

    tokenizer: str = models.BUNDLED
    """`bundled`, a directory, or an id of the Hub."""
    revision: str = ""
    """Of a model of the Hub."""
    most: int = 16_384
    """Tokens of the turns and the output together, inclusive."""
    most_completion: int = 8_192
    """Tokens of the output, inclusive."""

    def __post_init__(self) -> None:
        require_positive(self, "most", "most_completion")
        models.check(self.tokenizer, self.revision)

    def score(self, response: Response) -> float:
        """The larger share of the two limits; above 1 a limit is passed.

        Raises:
            Unjudged: `not_utf8`.
            PrerequisiteError: there is no such tokenizer, or transformers is not installed.
        """
        texts = [*(turn.content for turn in response.prompt.input), response.output]
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            raise Unjudged("not_utf8") from None
        lengths = _lengths(self.tokenizer, self.revision, texts)
        return max(sum(lengths) / self.most, lengths[-1] / self.most_completion)

    def judge(self, score: float) -> Verdict:
        """Keep what passes neither limit."""
        return Verdict.keep() if score <= 1 else Verdict.drop("too_many_tokens")


def _lengths(name: str, revision: str, texts: list[str]) -> list[int]:
    encoded = _tokenizer(name, revision)(texts, add_special_tokens=False, verbose=False)
    return [len(each) for each in encoded["input_ids"]]


@cache
def _tokenizer(name: str, revision: str) -> Any:
    try:
        import transformers
    except ImportError as error:
        raise PrerequisiteError(
            "counting tokens needs transformers; install it with: "
            "pip install 'reasoning-factory[bundled]'"
        ) from error
    place = models.locate(name)
    try:
        return transformers.AutoTokenizer.from_pretrained(place, revision=revision or None)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PrerequisiteError(f"tokenizer {name!r} cannot be loaded: {reason}") from error
