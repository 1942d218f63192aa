r"""Science: questions whose answer is an option, a quantity with its unit, or a term.

After arXiv 2505.00949, section 3.1.3: a teacher splits topics into subtopics, another writes
questions by (topic, subtopic, difficulty) with 4 or 10 options or none; each is checked for its
form, varied, and answered several times with reasoning on. Where nobody knows the answer, what most
answers say becomes the reference. Where prompts come from is one of

- formulas and tables of our own (`pipelines.science_questions`, Apache-2.0), with known answers;
- a list of topics of our own (`pipelines.science_topics`, Apache-2.0) that `writer` writes about;
- rows, `[science.rows]`: ready questions, or threads (Stack Exchange: CC BY-SA 4.0, with the
  authors named) that `extract` takes questions out of.

One prompt, as published:

    Answer the following science question. Put your final answer, and nothing else, in \boxed{}: a
    number with its unit, or a short term.

    What net force gives a body of 31 kg an acceleration of 4.5 m/s^2?

A prompt's `topic` is its field. LN-Nano needed more chemistry to do well on GPQA (section 7.2):
the mixture repeats a domain's rows by topic, `topics = {chemistry = 3.0}` under
`[domains.science]` of its recipe; `weights` here says of which topics more is drawn at all.

    factory run pipelines/recipes/science-tiny.toml --out runs/science
"""

from collections.abc import Iterable, Iterator
from dataclasses import field

from factory.config import nearest, require_positive, settings
from factory.dedup import Exact, MinHash
from factory.pipeline import Pipeline
from factory.records import Sampling
from factory.row_source import Rows, RowSource
from factory.sources import Source
from factory.steps import Ask, Decontaminate, Dedup, Keep, KeepGroup, Refer, Shot, Write
from filters import (
    BoxedWhenAsked,
    Language,
    PassRate,
    RepetitionLoops,
    ScienceAnswer,
    ScienceMajority,
    ThinkTags,
    Truncated,
)
from pipelines import science_questions, science_topics
from pipelines.science_prompts import (
    ANSWERABLE,
    DIFFICULTIES,
    EXTRACT,
    FORMS,
    INSPIRED,
    SIMILAR,
    SUBTOPICS,
    WRITE,
)
from pipelines.science_questions import (
    FAMILIES,
    ProceduralQuestions,
    Templates,
    worked_examples,
)
from pipelines.science_rows import QUESTION_FIELDS, THREAD_FIELDS, ReadQuestion, read_thread
from pipelines.science_topics import TopicList
from pipelines.science_writers import (
    Answerable,
    Augment,
    Extract,
    Questions,
    Subtopics,
)

POSED = Templates(
    choose=(
        "Answer the following multiple-choice question. Put the letter of the right option, and "
        "nothing else, in \\boxed{{}}.\n\n{problem}"
    ),
    answer=(
        "Answer the following science question. Put your final answer, and nothing else, in "
        "\\boxed{{}}: a number with its unit, or a short term.\n\n{problem}"
    ),
)


@settings
class Config:
    """Table `[science]`."""

    num_prompts: int = 64
    """Questions of the formulas and tables, topics to write about, or rows; at most."""
    samples_on: int = 4
    samples_off: int = 1
    """The release has no answers with reasoning off; 0 for none."""
    off_share: float = 0.25
    """The share of the prompts, in [0, 1], drawn at random, that are answered without reasoning as
    well; 1 pairs all. (arXiv 2505.00949, section 3.2, gives no number: ours.)"""
    families: tuple[str, ...] = ()
    """Kinds of questions with known answers, see `pipelines.science_questions`; none for all."""
    options: tuple[int, ...] = (0, 4, 10)
    """Numbers of options that questions have, in equal shares; 0 is an open question."""
    weights: dict[str, float] = field(default_factory=dict)
    """How often a topic is drawn, 1 where it is not named."""
    rows: Rows = Rows()
    writer: str = ""
    """The teacher that writes questions about topics; empty for none."""
    subtopics: str = ""
    """The teacher that splits topics; empty where `writer` does."""
    extract: str = ""
    """The teacher that takes questions out of threads in `rows`; empty where they are questions."""
    augment: str = ""
    """The teacher that writes variants of questions; empty for none."""
    checker: str = ""
    """The teacher that says whether a written question can be answered; empty where nobody does."""
    num_subtopics: int = 10
    difficulties: tuple[str, ...] = tuple(DIFFICULTIES)
    variants: int = 2
    """Of each question, similar ones and inspired ones in turn."""
    trust_writers: bool = False
    """Whether the answer that a question's writer names is its gold answer; else the majority's."""
    language: str = "en"
    """Of written questions, an ISO 639 code."""
    writing: Sampling = Sampling(temperature=0.7, max_tokens=2048)
    """How what is written is drawn; verdicts and subtopics are greedy."""

    def __post_init__(self) -> None:
        require_positive(self, "num_prompts", "samples_on", "num_subtopics", "variants")
        if self.samples_off < 0:
            raise ValueError(f"samples_off must be >= 0, got {self.samples_off}")
        if not 0 <= self.off_share <= 1:
            raise ValueError(f"off_share must be in [0, 1], got {self.off_share}")
        for name in ("options", "difficulties"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name one at least, got none")
        if self.subtopics and not self.writer:
            raise ValueError("writer must name the teacher that writes about the subtopics")
        if self.augment and self.variants > 1 and self.writing.temperature == 0:
            raise ValueError(
                f"writing.temperature must be > 0 for {self.variants} variants: greedy ones are "
                "all the same, got 0"
            )
        try:
            Language(languages=(self.language,))
        except ValueError as error:
            raise ValueError(f"language: {error}") from None
        if (self.writer and self.rows.data) or (self.extract and not self.rows.data):
            raise ValueError(
                "writer writes about topics, extract reads rows; leave out "
                + ("writer, or rows.data" if self.writer else "extract, or name rows.data")
            )
        _known("families", self.families, FAMILIES)
        _known("difficulties", self.difficulties, DIFFICULTIES)
        _known("weights", self.weights, {*science_questions.TOPICS, *science_topics.FIELDS})
        for number in self.options:
            if number not in FORMS:
                raise ValueError(f"options must be among 0, 4 and 10, got {number}")
        for topic, weight in self.weights.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"weights.{topic} must be > 0, got {weight}")


def pipeline(config: Config, seed: int) -> Pipeline:
    """Questions with an option, a quantity or a term for an answer, with reasoning on, some off."""
    written = config.writer or config.extract or config.augment
    return Pipeline(
        name="science",
        source=_source(config, seed),
        gold=ScienceAnswer(),
        steps=(
            *_writes(config),
            Dedup(Exact(), on="prompt"),
            # What the formulas give differs in numbers alone; what is written, in words.
            Dedup(MinHash(threshold=0.8 if written else 0.95), on="prompt"),
            Decontaminate(),  # GPQA, MMLU and MMLU-Pro ship in no package: a recipe names them
            Ask(
                samples_on=config.samples_on,
                samples_off=config.samples_off,
                off_share=config.off_share,
                shots=_shots(config, seed),
            ),
            Keep(Truncated()),
            Keep(ThinkTags()),
            Keep(RepetitionLoops()),
            Keep(BoxedWhenAsked()),
            Refer(ScienceMajority()),
            Keep(ScienceAnswer()),
            KeepGroup(PassRate()),
            Dedup(Exact(), on="response"),
            Dedup(MinHash(), on="response"),
        ),
        notes=tuple(_notes(config)),
    )


def _source(config: Config, seed: int) -> Source:
    if config.rows.data:
        return RowSource(
            rows=config.rows,
            domain="science",
            read=read_thread if config.extract else ReadQuestion(templates=POSED),
            fields=THREAD_FIELDS if config.extract else QUESTION_FIELDS,
            limit=config.num_prompts,
        )
    if config.writer:
        return TopicList(limit=config.num_prompts, seed=seed, weights=config.weights)
    return ProceduralQuestions(
        num_prompts=config.num_prompts,
        seed=seed,
        families=config.families or tuple(FAMILIES),
        options=config.options,
        weights=config.weights,
        templates=POSED,
        shots=_shots(config, seed),
    )


def _shots(config: Config, seed: int) -> dict[str, tuple[Shot, ...]]:
    """Worked examples, which only the formulas and tables have."""
    if config.rows.data or config.writer:
        return {}
    return worked_examples(seed, config.families or tuple(FAMILIES), config.options)


def _writes(config: Config) -> Iterator[Write]:
    """The steps in which teachers write: subtopics, questions, variants, and verdicts on them."""
    if config.writer:
        plan = Subtopics(
            template=SUBTOPICS,
            number=config.num_subtopics,
            difficulties=config.difficulties,
            options=config.options,
        )
        role = "subtopics" if config.subtopics else "writer"
        yield Write(teacher=getattr(config, role), role=role, writer=plan)
        questions = Questions(
            template=WRITE,
            forms=FORMS,
            difficulties=DIFFICULTIES,
            templates=POSED,
            trust=config.trust_writers,
            language=config.language,
        )
        yield Write(teacher=config.writer, writer=questions, sampling=config.writing)
    if config.extract:
        extract = Extract(template=EXTRACT, templates=POSED, language=config.language)
        yield Write(teacher=config.extract, role="extract", writer=extract)
    if config.augment:
        yield Write(
            teacher=config.augment,
            role="augment",
            writer=Augment(
                kinds=(SIMILAR, INSPIRED),
                forms=FORMS,
                templates=POSED,
                trust=config.trust_writers,
                language=config.language,
            ),
            samples=config.variants,
            beside=True,
            sampling=config.writing,
        )
    if config.checker:
        yield Write(teacher=config.checker, role="checker", writer=Answerable(template=ANSWERABLE))


def _notes(config: Config) -> Iterator[str]:
    """What the card says of where questions and answers come from."""
    if config.rows.data:
        yield f"Questions are those of `{config.rows.source}`" + (
            ", taken by a teacher out of threads, whose authors each record names."
            if config.extract
            else "."
        )
    elif config.writer:
        yield (
            "Questions were written by a teacher about topics of our own list, at difficulties "
            + ", ".join(config.difficulties)
            + "."
        )
    else:
        yield "Questions are procedural, from formulas and tables, with answers known thereby."
    if config.augment:
        yield "Variants of questions were written by a teacher, beside the questions themselves."
    if not config.trust_writers and (config.writer or config.augment):
        yield (
            "No answer of a question's writer is taken for right: where nobody else knows one, "
            "what most answers say is the reference, and a wrong majority makes wrong rows."
        )


def _known(key: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that is none, with a `ValueError`."""
    for name in names:
        if name not in known:
            raise ValueError(f"{key}: {name!r} is not known here{nearest(name, known)}")
