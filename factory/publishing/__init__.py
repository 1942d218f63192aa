"""Datasets and students onto the Hub: only what is missing is sent, the card and manifest last.

    verified directory -> repository (created private) -> shards, one by one -> one commit

The commit brings the card, the manifest, the recipe, the pictures and the pointers to the shards,
so that a repository never shows a dataset in part. Where an upload was cut off, the same command
goes on: the Hub is asked for each shard whether it has it, in the repository or not committed yet.
"""

from factory.publishing.contents import Contents, FileToSend
from factory.publishing.publishing import Outcome, PublishOptions, publish

__all__ = ["Contents", "FileToSend", "Outcome", "PublishOptions", "publish"]
