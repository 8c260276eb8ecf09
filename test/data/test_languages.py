"""How often languages are drawn."""

import numpy as np

from asrkit.data import languages

HOURS = np.array([168, 353, 90, 17, 29, 55, 3, 11, 17, 50, 557.0])


def test_table_of_xlsr_language_sampling() -> None:
    p = [0.1323, 0.1917, 0.0968, 0.0421, 0.0549, 0.0757, 0.0177, 0.0338, 0.0421, 0.0722, 0.2408]
    r = [1.063, 0.733, 1.452, 3.341, 2.558, 1.857, 7.953, 4.153, 3.341, 1.948, 0.584]
    np.testing.assert_allclose(languages.language_probabilities(HOURS, 0.5), p, atol=5e-5)
    np.testing.assert_allclose(languages.size_ratios(HOURS, 0.5), r, atol=5e-4)
    np.testing.assert_allclose(languages.size_ratios(HOURS, 1), np.ones(11), atol=1e-12)
    assert languages.size_ratios(np.array([2.0, 0, 2]), 0.5).tolist() == [1, 0, 1]
