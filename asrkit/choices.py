"""Every name a configuration may use, and the class it stands for. Nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asrkit.data.augment import Augment, Waveform
from asrkit.data.source import Source, SpeechSource
from asrkit.encoders.cpc import CpcEncoder
from asrkit.encoders.logmel import LogMelEncoder
from asrkit.encoders.w2v_bert import W2vBertEncoder
from asrkit.encoders.wav2vec2 import Wav2Vec2Encoder
from asrkit.encoders.wav2vec2_conformer import Wav2Vec2ConformerEncoder
from asrkit.encoders.wavlm import WavLmEncoder
from asrkit.objectives.classify import ClassifyObjective
from asrkit.objectives.contrastive import ContrastiveObjective
from asrkit.objectives.cpc import CpcObjective
from asrkit.objectives.ctc import CtcObjective
from asrkit.objectives.phonetic import PhoneticObjective
from asrkit.objectives.prediction import PredictionObjective
from asrkit.objectives.regression import RegressionObjective
from asrkit.options import Options
from asrkit.quantizers.gumbel import GumbelQuantizer
from asrkit.quantizers.random_projection import RandomProjectionQuantizer
from asrkit.train.muon import muon
from asrkit.train.optim import adam, adamw
from asrkit.train.schedule import Constant, Polynomial, TriStage
from asrkit.transcoder.conformer import ConformerEncoder
from asrkit.transcoder.encoder import TranscoderEncoder
from asrkit.transcoder.objective import TranscoderObjective
from asrkit.transcoder.source import PhoneSource
from asrkit.tuning.adapters import adapters
from asrkit.tuning.lora import lora

DATA: Mapping[str, Callable[[Options, Augment | None], Source]] = {
    "speech": SpeechSource,
    "phones": PhoneSource,
}
ENCODERS = {
    "wav2vec2": Wav2Vec2Encoder,
    "wavlm": WavLmEncoder,
    "w2v_bert": W2vBertEncoder,
    "wav2vec2_conformer": Wav2Vec2ConformerEncoder,
    "logmel": LogMelEncoder,
    "cpc": CpcEncoder,
}
PHONE_ENCODERS = {"transcoder": TranscoderEncoder, "conformer": ConformerEncoder}
READERS = {"speech": ENCODERS, "phones": PHONE_ENCODERS}  # of each kind of data
QUANTIZERS = {"gumbel": GumbelQuantizer, "random_projection": RandomProjectionQuantizer}
FRAME_OBJECTIVES = {
    "contrastive": ContrastiveObjective,
    "regression": RegressionObjective,
    "prediction": PredictionObjective,
}
OBJECTIVES = {
    **FRAME_OBJECTIVES,
    "cpc": CpcObjective,
    "ctc": CtcObjective,
    "classify": ClassifyObjective,
    "phonetic": PhoneticObjective,
}
PHONE_OBJECTIVES = {"transcoder": TranscoderObjective}
AUGMENTS = {"waveform": Waveform}
OPTIMIZERS = {"adam": adam, "adamw": adamw, "muon": muon}
SCHEDULES = {"constant": Constant, "polynomial": Polynomial, "tri_stage": TriStage}
TUNINGS: Mapping[str, Callable[..., Any]] = {"lora": lora, "adapters": adapters}

CHOICES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "objective": {**OBJECTIVES, **PHONE_OBJECTIVES},
    "base": FRAME_OBJECTIVES,
    "encoder": {**ENCODERS, **PHONE_ENCODERS},
    "quantizer": QUANTIZERS,
    "augment": AUGMENTS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "tune": TUNINGS,
}
