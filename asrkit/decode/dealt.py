"""Recognition of a folder as work that shards may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from asrkit import __version__
from asrkit.shards import Item, Task, mark, stamp


class Made(Protocol):
    """What was made of the utterance ``id``."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Made)


@dataclass(frozen=True)
class Failed:
    """An utterance whose audio cannot be read."""

    id: str
    reason: str


def task_of(
    folder: Path,
    sources: Mapping[str, str],
    make: Callable[[list[tuple[str, str]], dict[str, str]], Iterator[R]],
    *,
    of: object,
    store: Callable[[R], dict[str, Any]],
    load: Callable[[dict[str, Any]], R],
) -> Task[R | Failed]:
    """The utterances of ``sources`` (id -> audio) as a Task whose results lie in ``folder``.

    make: (id, audio) rows to results in their order; what it cannot read it puts, with the reason,
    into the mapping that it is given. of: what results depend on beside the audio, as plain values.
    """

    def make_each(items: Sequence[Item]) -> Iterator[R | Failed]:
        failed: dict[str, str] = {}
        made = make([(item.id, item.what) for item in items], failed)
        following = next(made, None)
        for item in items:
            if following is not None and following.id == item.id:
                yield following
                following = next(made, None)
            else:
                yield Failed(item.id, failed[item.id])

    def store_each(result: R | Failed) -> dict[str, Any]:
        return {"failed": vars(result)} if isinstance(result, Failed) else store(result)

    def load_each(row: dict[str, Any]) -> R | Failed:
        return Failed(**row["failed"]) if "failed" in row else load(row)

    items = [
        Item(name, mark(__version__, of, stamp(source)), source) for name, source in sources.items()
    ]
    return Task(folder, items, make_each, store=store_each, load=load_each)


def read_ones(results: Iterable[R | Failed], failed: dict[str, str]) -> Iterator[R]:
    """Results of what could be read; the rest goes to ``failed`` with its reason."""
    for result in results:
        if isinstance(result, Failed):
            failed[result.id] = result.reason
        else:
            yield result
