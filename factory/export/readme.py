"""The README of an exported directory: where it is from, whose licence, and how it is loaded."""

from collections.abc import Mapping, Sequence

from huggingface_hub import DatasetCardData

from factory.datasetdir import DatasetDirectory
from factory.export.formats import Format
from factory.license_check import licenses_in
from factory.licenses import combine_rows, hub_licenses
from factory.seeds import digest

_NAMES = ("pipeline", "mixture", "release")
_LOADING = {
    "trl": "SFTTrainer takes it as it is: conversations in `messages`.",
    "trl-completion": "SFTTrainer takes it as it is; the loss is on `completion` alone.",
    "trl-prompts": "GRPOTrainer and RLOOTrainer take it as it is; every column but `prompt` "
    "goes to the reward functions as an argument of its name.",
    "openai": "One conversation a line, `messages`.",
    "verl": "`data.train_files` of verl. A reward gets `data_source`, `ground_truth` and "
    "`extra_info`; verl's own rewards know other sources, so give it a `custom_reward_function`.",
    "nemo-rl": "`data_path` of NeMo-RL: answers for `ResponseDataset` and `OpenAIFormatDataset`, "
    "prompts for `NemoGymDataset` (`agent_ref` names Gym's own agents, or, for what none of "
    "them checks, one that you configure, such as `tool_calls_agent`).",
    "original": "The columns and the layout of nvidia/Llama-Nemotron-Post-Training-Dataset.",
}


def readme(
    dataset: DatasetDirectory,
    forms: Sequence[Format],
    files: Mapping[tuple[str, str], Sequence[str]],
    rows: Mapping[str, int],
) -> str:
    """The page, with the header that `load_dataset` and the Hub read.

    Args:
        dataset: what was exported.
        forms: what it became, one form of each config.
        files: of each (config, split), relative to the directory.
        rows: of each `config/split`.
    """
    manifest, format = dataset.manifest, forms[0].name
    name = next(filter(None, map(manifest.get, _NAMES)), "dataset")
    license = manifest.get("license") or combine_rows(licenses_in(manifest))
    hashes = digest([shard["sha256"] for shard in dataset.shards], size=8)
    toggle = "the column `system_prompt`" if format == "original" else "the first message"
    lines = [
        f"---\n{_header(license, forms, files)}\n---\n",
        f"# {name}, exported for {format}\n",
        f"{_LOADING[format]} The toggle, `detailed thinking on` or `detailed thinking off`, is "
        f"{toggle}.\n",
        "From a dataset whose shards have the common hash "
        f"`{hashes}`; its card says how it was made, and what each licence asks for.\n",
        "| split | rows |\n|---|---:|",
        *(f"| {split} | {number:,} |" for split, number in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def _header(
    license: str | None, forms: Sequence[Format], files: Mapping[tuple[str, str], Sequence[str]]
) -> str:
    """Types are stated, because what is guessed from one split's lines may not fit another's."""
    configs = [
        {
            "config_name": form.config,
            "data_files": [
                {"split": split, "path": list(names)}
                for (config, split), names in files.items()
                if config == form.config
            ],
            "default": number == 0,
        }
        for number, form in enumerate(forms)
    ]
    import datasets  # type: ignore[import-untyped]  # it has no stubs

    infos = datasets.info.DatasetInfosDict()
    for form in forms:
        features = datasets.Features.from_arrow_schema(form.schema)
        infos[form.config] = datasets.DatasetInfo(config_name=form.config, features=features)
    card = DatasetCardData(**hub_licenses(license), configs=configs)
    infos.to_dataset_card_data(card)
    return str(card).strip()
