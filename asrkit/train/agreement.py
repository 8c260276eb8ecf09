"""Whether all processes of a run are about to do the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from asrkit.config import ConfigError
from asrkit.train.distributed import World
from asrkit.train.folder import differences

OWN = frozenset({"ngpu", "num_workers", "output_dir", "init"})  # a machine may have its own
REMEDIES = {
    "configuration": "start the same command on every machine",
    "training data": "train_data must be the same files on every machine",
    "update": "output_dir must be one folder that every machine sees",
}


def data_fingerprint(num_samples: np.ndarray, langs: np.ndarray) -> str:
    """What the order of micro-batches follows from, as a short text: lengths and languages."""
    found = hashlib.blake2b(digest_size=8)
    for column in (num_samples, langs):
        found.update(np.ascontiguousarray(column).data)
    return found.hexdigest()


def assert_same_on_all_ranks(world: World, **facts: Any) -> None:
    """Raises ConfigError, on all ranks, for the first of ``facts`` that differs between them.

    Such a run would mix gradients of different models in silence, or wait without end.
    """
    everyone = world.gather(facts)
    for name, mine in everyone[0].items():
        for rank, theirs in enumerate(everyone):
            if found := differences({name: mine}, {name: theirs[name]}):
                what = name.replace("_", " ")
                raise ConfigError(
                    f"process 0 and process {rank} of this run differ in their {what} "
                    f"({'; '.join(found[:3])}): {REMEDIES[what]}"
                )


def common(content: dict[str, Any]) -> dict[str, Any]:
    """What of a configuration must be the same for all processes."""
    return {name: value for name, value in content.items() if name not in OWN}
