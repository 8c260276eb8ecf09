"""What a phone recognizer makes of a folder of speech, as work that shards may do."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from asrkit.audio.given import read_dumped
from asrkit.decode.dealt import Failed, task_of
from asrkit.decode.run import score
from asrkit.infer import Speech2Text
from asrkit.shards import FOLDER, Task
from asrkit.transcoder.hypotheses import Recognized
from asrkit.transcoder.posteriors import PhoneColumns


def recognition_task(
    model: Speech2Text,
    columns: PhoneColumns,
    sources: Mapping[str, str],
    out: Path,
    *,
    max_seconds: float,
    of: object,
) -> Task[Recognized | Failed]:
    """The utterances of ``sources`` (id -> audio) for the step that writes ``out``.

    of: what the scores of the model depend on beside the audio.
    """

    def make(rows: list[tuple[str, str]], failed: dict[str, str]) -> Iterator[Recognized]:
        for key, scores in score(model, rows, read_dumped, failed, max_seconds=max_seconds):
            yield _recognized(key, columns(scores))

    def store(one: Recognized) -> dict[str, Any]:
        data = base64.b64encode(one.rows.astype("<f4").tobytes())
        return {"id": one.id, "rows": data.decode()}

    def load(row: dict[str, Any]) -> Recognized:
        data = np.frombuffer(base64.b64decode(row["rows"]), "<f4")
        return _recognized(row["id"], data.reshape(-1, columns.size))

    def _recognized(key: str, rows: np.ndarray) -> Recognized:
        return Recognized(key, columns.names(rows), rows)

    of = (of, columns.pool, columns.phones.symbols)
    return task_of(out / FOLDER, sources, make, of=of, store=store, load=load)
