"""From options to objects: a block's name is looked up in choices.py, its ``*_conf`` mapping
becomes the keyword-only parameters of that class, and its positional parameters are other blocks.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from asrkit.choices import CHOICES
from asrkit.config import ConfigError, check_type, suggest
from asrkit.data.augment import Augment
from asrkit.encoders.base import Encoder
from asrkit.encoders.block import Block
from asrkit.keys import key_of
from asrkit.objectives.base import Objective
from asrkit.options import BLOCKS, Options
from asrkit.quantizers.base import Quantizer
from asrkit.tokens import TokenList
from asrkit.tuning.trainable import learn_only


def choose(block: str, name: str | None) -> Callable[..., Any]:
    """The class that ``block: name`` stands for."""
    table = CHOICES[block]
    if name is None:
        raise ConfigError(f"{block}: missing; one of {', '.join(sorted(table))}")
    if name not in table:
        raise ConfigError(f"{block}: unknown name {name!r}; {suggest(name, table)}")
    return table[name]


def _parameters(made: Callable[..., Any]) -> tuple[list[str], dict[str, inspect.Parameter]]:
    """Names of the positional parameters, and the keyword-only ones."""
    found = list(inspect.signature(made).parameters.values())
    positional = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    return positional, {p.name: p for p in found if p.kind is p.KEYWORD_ONLY}


def _fill(where: str, made: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with every default written out; unknown, missing and mistyped keys are errors."""
    _, known = _parameters(made)
    target = made.__init__ if inspect.isclass(made) else made
    hints = typing.get_type_hints(target, include_extras=True)
    for key in given:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; {suggest(key, known)}")
    filled = {}
    for key, parameter in known.items():
        value = given.get(key, parameter.default)
        if value is inspect.Parameter.empty:
            raise ConfigError(f"{where}: {key} is missing; it has no default")
        check_type(f"{where}.{key}", value, hints[key])
        filled[key] = value
    return filled


def _used_blocks(options: Options) -> list[str]:
    """The blocks this configuration needs, the objective's first."""
    used, waiting = [], ["objective", "optimizer", "schedule"]
    if options.augment is not None:
        waiting.append("augment")
    while waiting:
        block = waiting.pop(0)
        used.append(block)
        positional, _ = _parameters(choose(block, vars(options)[block]))
        waiting += [name for name in positional if name in BLOCKS and name not in used + waiting]
    return used


def resolve(options: Options) -> Options:
    """Fills in every default of the blocks in use and refuses what nothing would use."""
    used = _used_blocks(options)
    content = vars(options)
    for block in BLOCKS:
        if block not in used and (content[block] is not None or content[f"{block}_conf"]):
            raise ConfigError(
                f"{block}: given, but objective {options.objective!r} has no use for it; remove it"
                if block != "augment"
                else "augment_conf: given without augment; name one, or remove it"
            )
    for block in used:
        chosen = choose(block, content[block])
        content[f"{block}_conf"] = _fill(f"{block}_conf", chosen, content[f"{block}_conf"])
    for kind, conf in options.tune.items():
        check_type(f"tune.{kind}", conf, dict[str, Any])
        options.tune[kind] = _fill(f"tune.{kind}", choose("tune", kind), conf)
    return options


def tokens_of(options: Options) -> TokenList | None:
    return TokenList.read(options.token_list) if options.token_list else None


def phones_of(options: Options) -> TokenList | None:
    return TokenList.read(options.phone_list) if options.phone_list else None


def augment_of(options: Options) -> Augment | None:
    """The change of training audio, from resolved options."""
    if options.augment is None:
        return None
    try:
        made: Augment = choose("augment", options.augment)(**options.augment_conf)
    except ValueError as error:
        raise ConfigError(f"augment_conf: {error}") from None
    return made


def build_objective(
    options: Options, tokens: TokenList | None, phones: TokenList | None = None
) -> Objective:
    """The model and its loss, from resolved options."""
    made: dict[str, Any] = {}

    def positional_value(owner: str, choice: Callable[..., Any], name: str) -> Any:
        if name == "tokens":
            if tokens is None:
                raise ConfigError(f"token_list: missing; objective {options.objective!r} needs it")
            return tokens
        if name == "phones":
            if phones is None:
                raise ConfigError(f"phone_list: missing; {owner} reads phones, not speech")
            return phones
        if name == "input_size" and isinstance(choice, type) and issubclass(choice, Quantizer):
            encoder = block("encoder")
            return encoder.front_size if choice.reads_front else encoder.feature_size
        if name not in BLOCKS:
            raise ConfigError(f"{owner}: positional parameter {name!r} is not a block")
        return block(name)

    def block(name: str) -> Any:
        if name not in made:
            chosen = vars(options)[name]
            choice = choose(name, chosen)
            positional, _ = _parameters(choice)
            values = [positional_value(f"{name} {chosen}", choice, p) for p in positional]
            try:
                made[name] = choice(*values, **vars(options)[f"{name}_conf"])
            except ConfigError:
                raise
            except ValueError as error:
                raise ConfigError(f"{name}_conf: {error}") from None
            if isinstance(made[name], Encoder):
                _tune(made[name], options)
        return made[name]

    objective: Objective = block("objective")
    try:
        learn_only(objective, options.trainable)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    for part in objective.modules():  # an objective may build on another
        if isinstance(part, Objective):
            part.seed, part.total = options.seed, options.max_update
    if options.checkpoint_activations and not recompute_blocks(objective):
        raise ConfigError(
            f"checkpoint_activations: encoder {options.encoder!r} has no blocks to compute again; "
            "leave it out"
        )
    return objective


def _tune(encoder: Encoder, options: Options) -> None:
    """Adds what ``tune`` says, with random numbers of its own: all else begins as without it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key_of(options.seed, "tuned weights"))
        for kind, conf in options.tune.items():
            try:
                choose("tune", kind)(encoder, **conf)
            except ValueError as error:
                raise ConfigError(f"tune.{kind}: {error}") from None


def blocks_of(model: nn.Module) -> list[Block]:
    """The blocks of every encoder in it."""
    return [b for part in model.modules() if isinstance(part, Encoder) for b in part.blocks()]


def recompute_blocks(model: nn.Module) -> int:
    """Each of its encoders' blocks computes its activations again in backward; their number."""
    blocks = blocks_of(model)
    for block in blocks:
        block.recompute = True
    return len(blocks)
