"""Random numbers as a function of (seed, step, utterance): no hidden state, no device differences.

A row's numbers are the hash of its key and their position, so a step draws the same on one rank
or eight, on CPU or CUDA, in the first run or a resumed one. The mixing function is the finalizer
of MurmurHash3 on 32-bit words, computed in int64 so that no operation overflows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from asrkit.keys import key_of

_WORD = 0xFFFFFFFF


def row_keys(keys: Tensor, *parts: int | str) -> Tensor:
    """[B] row keys and a purpose (seed, step, name) to [B] new keys, on the host."""
    salt = key_of(*parts)
    return torch.tensor([key_of(int(key), salt) for key in keys], dtype=torch.int64)


def _multiply(x: Tensor, factor: int) -> Tensor:
    """x * factor modulo 2^32, for x < 2^32, without leaving int64."""
    high, low = factor >> 16, factor & 0xFFFF
    return (x * low + (((x * high) & 0xFFFF) << 16)) & _WORD


def _mix(x: Tensor) -> Tensor:
    x = _multiply(x ^ (x >> 16), 0x85EBCA6B)
    x = _multiply(x ^ (x >> 13), 0xC2B2AE35)
    return x ^ (x >> 16)


def words(keys: Tensor, count: int, device: torch.device) -> Tensor:
    """[B] keys to [B, count] uniform 32-bit words (int64)."""
    keys = keys.to(device, non_blocking=True)[:, None]
    position = torch.arange(count, device=device)[None, :]
    x = _mix((keys & _WORD) ^ _mix(position & _WORD))
    return _mix(x ^ (keys >> 32))


def uniform(keys: Tensor, count: int, device: torch.device) -> Tensor:
    """[B] keys to [B, count] float32 in the open interval (0, 1)."""
    # 23 bits and a half: one bit more, and float32 rounds the largest value up to 1
    return ((words(keys, count, device) >> 9).float() + 0.5) * (1.0 / (1 << 23))
