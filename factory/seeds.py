"""Randomness and identity, both derived by hashing.

A seed is the hash of (run seed, stage, key), never a sum: neighbouring run seeds, parts or samples
share nothing, and no result depends on which worker draws first.
"""

import hashlib
import json
import random


def digest(*key: object, size: int = 16) -> str:
    """The blake2b hash of a key as hexadecimal text.

    Args:
        key: anything JSON can write; mappings are ordered by key first.
        size: bytes of hash, two characters each.
    """
    text = json.dumps(key, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def derive_seed(run_seed: int, *key: object) -> int:
    """A seed in [0, 2**63) for one stage and item of a run."""
    return int(digest(run_seed, *key, size=8), 16) >> 1


def seeded(run_seed: int, *key: object) -> random.Random:
    """A generator of its own for one stage and item of a run."""
    return random.Random(derive_seed(run_seed, *key))
