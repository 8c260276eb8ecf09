"""What is never opened: lists of other files, pipes, devices, files beyond memory."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from asrkit.audio import decoders
from asrkit.audio.reading import AudioError, decode, load


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile 'other.wav'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.wav\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
    ids=["concat", "hls", "sdp"],
)
@pytest.mark.parametrize("suffix", ["mp3", "ffconcat", "m3u8", "sdp", "wav"])
def test_a_list_of_other_files_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / "other.wav", np.zeros(16000, np.float32), 16000)
    path = tmp_path / f"a.{suffix}"
    path.write_text(content)
    for source in (path, content.encode()):
        with pytest.raises(AudioError, match="cannot be decoded") as told:
            decode(source)
        assert "\n" not in str(told.value)
    with pytest.raises((ValueError, av.FFmpegError)), open(path, "rb") as stream:
        decoders.open_container(stream)


def test_every_demuxer_of_the_list_is_one_of_ffmpeg() -> None:
    known = {part for name in av.formats_available for part in name.split(",")}
    assert set(decoders.DEMUXERS) <= known
    assert not {"concat", "hls", "sdp", "rtsp", "rtp", "dash", "image2", "lavfi"} & set(
        decoders.DEMUXERS
    )


@pytest.mark.timeout(20)
def test_what_need_not_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    for path in (tmp_path / "a.wav", Path("/dev/zero")):
        for read in (decode, lambda p: load(str(p)), lambda p: decode(f"{p}:0")):
            with pytest.raises(AudioError, match=r"is a (pipe|device)\b.*write what comes from it"):
                read(path)


def test_a_file_that_memory_cannot_hold_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "a.wav", "wb") as stream:
        stream.truncate(1 << 35)  # a hole: it takes no space
    with pytest.raises(AudioError, match=r"a\.wav: has more than 16 GiB; cut it"):
        decode(tmp_path / "a.wav")
