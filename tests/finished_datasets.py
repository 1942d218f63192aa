"""Small finished datasets, written as the factory publishes them."""

from pathlib import Path

from factory import store
from factory.datasetdir import DatasetDirectory, open_dataset
from factory.schemas import RL, SFT

THOUGHT = "Two and three.\nThat is five."
ON = f"<think>\n{THOUGHT}\n</think>\n\nThe answer is \\boxed{{5}}."
OFF = "The answer is \\boxed{5}."
QUESTION = "How much is 2 + 3?"


def answer(number=0, mode="on", **fields):
    """A row of config SFT."""
    row = dict.fromkeys(SFT.names)
    row.update(
        input=[{"role": "user", "content": QUESTION}],
        output=ON if mode == "on" else OFF,
        category="math",
        license="cc-by-4.0",
        reasoning=mode,
        generator="toy",
        used_in_training="Nano, Super",
        version="v1",
        system_prompt=f"detailed thinking {mode}",
        id=f"math-{number:03d}-{mode}",
        prompt_id=f"math-{number:03d}",
        attribution="nobody",
        sampling={"temperature": 0.6, "top_p": 0.95, "max_tokens": 9, "seed": 1, "shots": 0},
    )
    return row | fields


def prompt(number=0, **fields):
    """A row of config RL, with a gold answer."""
    row = dict.fromkeys(RL.names)
    row.update(
        input=[{"role": "user", "content": QUESTION}],
        args={"task": "math", "expected_answer": "5"},
        category="math",
        license="cc-by-4.0",
        reasoning="on",
        used_in_training="Nano",
        version="v1",
        system_prompt="detailed thinking on",
        id=f"math-{number:03d}-rl",
        prompt_id=f"math-{number:03d}",
        source="toy/sums",
        attribution="nobody",
        pass_rate=0.5,
        verifier="final_answer.v2",
    )
    return row | fields


def instructed(number=0):
    """A row of config RL, with instructions in place of a gold answer."""
    args = {
        "task": "instruction_following",
        "instruction_id_list": ["length_constraints:number_words", "keywords:existence"],
        "instruction_kwargs": [
            {"relation": "at least", "num_words": 3},
            {"keywords": ["five", "sum"]},
        ],
        "num_instructions": 2,
    }
    return prompt(
        number,
        args=args,
        category="instruction_following",
        id=f"if-{number:03d}-rl",
        source="toy/if",
    )


def finished(root: Path, shards) -> DatasetDirectory:
    """A dataset of these shards.

    Args:
        root: a new directory.
        shards: (config, split, rows) for each, in the manifest's order.
    """
    numbers: dict[tuple[str, str], int] = {}
    totals = [(config, split) for config, split, _ in shards]
    listed = []
    for config, split, rows in shards:
        number = numbers[config, split] = numbers.get((config, split), -1) + 1
        version, total = rows[0]["version"], totals.count((config, split))
        path = root / config / split / f"{version}-{number:05d}-of-{total:05d}.parquet"
        store.write_part(path, rows, SFT if config == "SFT" else RL)
        listed.append(
            {
                "path": str(path.relative_to(root)),
                "config": config,
                "split": split,
                "rows": len(rows),
                "bytes": path.stat().st_size,
                "sha256": store.sha256(path),
            }
        )
    manifest = {"format": 2, "pipeline": "toy", "license": "cc-by-4.0", "shards": listed}
    store.write_json(root / "manifest.json", manifest)
    return open_dataset(root)


def both_configs(root: Path) -> DatasetDirectory:
    """Twelve answers in two splits and three shards, and six prompts in two splits."""
    pairs = [answer(n, mode) for n in range(5) for mode in ("on", "off")]
    chat = [
        answer(n, mode, category="chat", id=f"chat-{n}-{mode}")
        for n, mode in [(0, "on"), (1, "off")]
    ]
    return finished(
        root,
        [
            ("SFT", "math", pairs[:6]),
            ("SFT", "math", pairs[6:]),
            ("SFT", "chat", chat),
            ("RL", "math", [prompt(n) for n in range(4)]),
            ("RL", "instruction_following", [instructed(n) for n in range(2)]),
        ],
    )
