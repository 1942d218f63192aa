r"""How prompts, responses and records lie on disk: Arrow schemas, and rows for them.

A published row looks like this (schema `SFT`):

    {"input": [{"role": "user", "content": "Solve ... 3 + 4"}], "output": "<think>\\n...",
     "category": "math", "reasoning": "on", "system_prompt": "detailed thinking on", ...}

The first nine columns are those of `nvidia/Llama-Nemotron-Post-Training-Dataset`, so that its
readers read ours; the others follow them. Every shard of every domain has one of the two schemas
below, `SFT` or `RL`.
"""

from dataclasses import asdict
from typing import Any

import pyarrow as pa

from factory.records import (
    Constraint,
    Grade,
    Judged,
    Message,
    Prompt,
    Response,
    UnitTest,
    Verdict,
    split_output,
)

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

PROMPTS = pa.schema(
    [
        ("id", pa.string()),
        ("index", pa.int64()),
        ("domain", pa.string()),
        ("input", _MESSAGES),
        ("problem", pa.string()),
        ("expected_answer", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("choices", pa.list_(pa.string())),
        ("tests", pa.list_(pa.struct([(n, pa.string()) for n in UnitTest.__dataclass_fields__]))),
        ("language", pa.string()),
        (
            "constraints",
            pa.list_(pa.struct([(n, pa.string()) for n in Constraint.__dataclass_fields__])),
        ),
        ("policy", pa.string()),
        ("topic", pa.string()),
        ("attribution", pa.string()),
        ("seed_id", pa.string()),
        ("writers", pa.list_(pa.string())),
        ("writing_keys", pa.list_(pa.string())),
        ("decision", pa.string()),
        ("reason", pa.string()),
    ]
)
"""A part of prompts; `decision` and `reason` are those of who wrote it and of the gold check."""

DUPLICATES = pa.schema(
    [
        ("index", pa.int64()),
        ("id", pa.string()),
        ("filter", pa.string()),
        ("reason", pa.string()),
        ("twin", pa.int64()),
        ("similarity", pa.float64()),
        ("cluster", pa.int64()),
        ("cluster_size", pa.int64()),
        ("joined_a", pa.int64()),
        ("joined_b", pa.int64()),
        ("joined_similarity", pa.float64()),
    ]
)
"""The prompts of a part that dedup removed. Each has the position of the kept prompt that it
repeats, its cluster (the position of the cluster's first prompt) and the pair that joined it."""

CONTAMINATED = pa.schema(
    [
        ("index", pa.int64()),
        ("id", pa.string()),
        ("filter", pa.string()),
        ("reason", pa.string()),
        ("benchmark", pa.string()),
        ("item", pa.string()),
        ("number", pa.int64()),
        ("score", pa.float64()),
        ("start", pa.int64()),
        ("stop", pa.int64()),
        ("span", pa.string()),
        ("judgement", pa.string()),
        ("reply", pa.string()),
    ]
)
"""The prompts of a part that match an item of a benchmark, one row a match: by which method
(`filter`), the overlap or similarity in [0, 1], the characters of the problem that match, and what
judges said. A match for which the prompt does not go stays, without a reason. `number` is the
item's among all that were looked for."""

_VERDICTS = pa.list_(
    pa.struct(
        [
            ("filter", pa.string()),
            ("decision", pa.string()),
            ("score", pa.float64()),
            ("reason", pa.string()),
            ("seconds", pa.float32()),
        ]
    )
)

_GRADES = pa.list_(
    pa.struct(
        [
            ("column", pa.string()),
            ("score", pa.float64()),
            ("text", pa.string()),
            ("finish_reason", pa.string()),
            ("error", pa.string()),
            ("prompt_tokens", pa.int64()),
            ("completion_tokens", pa.int64()),
            ("teacher_name", pa.string()),
            ("teacher", pa.string()),
            ("teacher_revision", pa.string()),
            ("request_key", pa.string()),
        ]
    )
)

RESPONSES = pa.schema(
    [
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("prompt_index", pa.int64()),
        ("domain", pa.string()),
        ("mode", pa.string()),
        ("sample", pa.int32()),
        ("output", pa.string()),
        ("draft", pa.string()),
        ("reasoning", pa.string()),
        ("answer", pa.string()),
        ("expected_answer", pa.string()),
        ("reference", pa.string()),
        ("reference_share", pa.float64()),
        ("finish_reason", pa.string()),
        ("error", pa.string()),
        ("seed", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("request_keys", pa.list_(pa.string())),
        ("engine", pa.string()),
        ("teacher", pa.string()),
        ("teacher_revision", pa.string()),
        ("teacher_name", pa.string()),
        ("grades", _GRADES),
        ("verdicts", _VERDICTS),
        ("kept", pa.bool_()),
        ("dropped_by", pa.string()),
        ("reason", pa.string()),
        ("pass_rate", pa.float64()),
    ]
)
"""A part of responses, kept or not, with every verdict."""

_SAMPLING = pa.struct(
    [
        ("temperature", pa.float64()),
        ("top_p", pa.float64()),
        ("max_tokens", pa.int64()),
        ("seed", pa.int64()),
        ("shots", pa.int64()),
    ]
)

SFT = pa.schema(
    [
        ("input", _MESSAGES),
        ("output", pa.string()),
        ("category", pa.string()),
        ("license", pa.string()),
        ("reasoning", pa.string()),
        ("generator", pa.string()),
        ("used_in_training", pa.string()),
        ("version", pa.string()),
        ("system_prompt", pa.string()),
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("source", pa.string()),
        ("attribution", pa.string()),
        ("topic", pa.string()),
        ("expected_answer", pa.string()),
        ("answer_source", pa.string()),
        ("answer_share", pa.float64()),
        ("pass_rate", pa.float64()),
        ("verifier", pa.string()),
        ("teacher_revision", pa.string()),
        ("sampling", _SAMPLING),
        ("trace", pa.string()),
    ]
)
"""A published answer. `trace` is `real` or `empty` with reasoning on, null with it off: an answer
with an empty trace says nothing about how well a model obeys the toggle, and stays out of it."""

_KWARGS = pa.struct(
    [(name, pa.int64()) for name in (
        "num_sentences", "num_paragraphs", "nth_paragraph", "num_words", "num_placeholders",
        "num_bullets", "num_sections", "num_highlights", "frequency", "capital_frequency",
        "let_frequency",
    )]
    + [(name, pa.string()) for name in (
        "relation", "capital_relation", "let_relation", "keyword", "letter", "language",
        "postscript_marker", "section_spliter", "first_word", "end_phrase", "prompt_to_repeat",
    )]
    + [(name, pa.list_(pa.string())) for name in ("keywords", "forbidden_words")]
)  # fmt: skip

RL = pa.schema(
    [
        ("input", _MESSAGES),
        (
            "args",
            pa.struct(
                [
                    ("task", pa.string()),
                    ("expected_answer", pa.string()),
                    ("instruction_id_list", pa.list_(pa.string())),
                    ("instruction_kwargs", pa.list_(_KWARGS)),
                    ("num_instructions", pa.int64()),
                ]
            ),
        ),
        ("category", pa.string()),
        ("license", pa.string()),
        ("reasoning", pa.string()),
        ("used_in_training", pa.string()),
        ("version", pa.string()),
        ("system_prompt", pa.string()),
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("source", pa.string()),
        ("attribution", pa.string()),
        ("topic", pa.string()),
        ("answer_source", pa.string()),
        ("answer_share", pa.float64()),
        ("pass_rate", pa.float64()),
        ("verifier", pa.string()),
    ]
)
"""A published prompt for reinforcement learning: no output, `args` says how to check one."""


def prompt_row(prompt: Prompt, verdict: Verdict) -> dict[str, Any]:
    """A prompt as a row of `PROMPTS`."""
    fields = asdict(prompt)
    del fields["context"]
    return {**fields, "decision": verdict.decision, "reason": verdict.reason}


def prompt_from_row(row: dict[str, Any]) -> Prompt:
    """The prompt in a row of `PROMPTS`."""
    fields = {name: row[name] for name in Prompt.__dataclass_fields__ if name != "context"}
    return Prompt(
        **{
            **fields,
            "input": tuple(Message(**turn) for turn in row["input"]),
            "choices": tuple(row["choices"]),
            "writers": tuple(row["writers"]),
            "writing_keys": tuple(row["writing_keys"]),
            "tests": tuple(UnitTest(**test) for test in row["tests"]),
            "constraints": tuple(Constraint(**each) for each in row["constraints"]),
        }
    )


def response_from_row(row: dict[str, Any], prompt: Prompt) -> Response:
    """The response in a row of `RESPONSES`, to its prompt; its verdicts are left behind.

    A `reference` that a majority made is left behind too: the majority is asked again.
    """
    names = set(Response.__dataclass_fields__) & set(RESPONSES.names) - {
        "grades",
        "reference",
        "reference_share",
    }
    fields = {name: row[name] for name in names}
    fields["request_keys"] = tuple(row["request_keys"])
    grades = tuple(Grade(**grade) for grade in row["grades"])
    return Response(**fields, prompt=prompt, grades=grades)


_OWN_COLUMNS = tuple(
    name
    for name in RESPONSES.names
    if name in ("id", *Response.__dataclass_fields__) and name not in ("request_keys", "grades")
)
"""The columns of `RESPONSES` that a response has as they are."""


def response_row(judged: Judged) -> dict[str, Any]:
    """A judged response as a row of `RESPONSES`."""
    response = judged.response
    failed = next((v for v in judged.verdicts if v.decision != "keep"), Verdict.keep())
    reasoning, answer = split_output(response.output)
    return {
        **{name: getattr(response, name) for name in _OWN_COLUMNS},
        "reasoning": reasoning,
        "answer": answer,
        "prompt_id": response.prompt.id,
        "prompt_index": response.prompt.index,
        "domain": response.prompt.domain,
        "expected_answer": response.expected,
        "request_keys": list(response.request_keys),
        "grades": [_row(grade) for grade in response.grades],
        "verdicts": [_row(verdict) for verdict in judged.verdicts],
        "kept": judged.kept,
        "dropped_by": failed.filter,
        "reason": failed.reason,
        "pass_rate": judged.pass_rate,
    }


def _row(item: Grade | Verdict) -> dict[str, Any]:
    """The fields of a flat record; `asdict` copies deeply, which is felt a million rows later."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}
