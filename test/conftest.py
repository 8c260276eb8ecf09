"""What every test leaves as it was."""

import pytest
import torch


@pytest.fixture(autouse=True)
def exact_products_again():
    """A run with ``precision: bf16`` on the CPU sets it for the whole process."""
    yield
    torch.set_float32_matmul_precision("highest")
