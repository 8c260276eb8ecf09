"""The page in a real browser: from a file to corrected text and training data."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from browser import CHROMIUM, CONTRAST, DRIVER, find, kept, lines, open_browser, wait
from random_model import save_random
from scripted import wave
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from asrkit.audio.reading import write_flac
from asrkit.bin import format_audio
from asrkit.infer import Speech2Text
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.validate import validate
from asrkit.transcript import Transcript

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "test/corpora/clips/it/00.opus"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]
SERVER = """
import sys
from pathlib import Path
from scripted import Scripted
from asrkit.serve import app
from asrkit.serve.uploads import Limits
with app.listen("127.0.0.1", int(sys.argv[2])) as at:
    recognizer = Scripted(sys.argv[3], sys.argv[4])
    page = app.make_app(recognizer, Path(sys.argv[1]), "it", Limits(1 << 20, 60))
    print(at.getsockname()[1], flush=True)
    app.run(page, at)
"""


class Server:
    """A page of a scripted recognizer over ``folder``; can be killed and started again."""

    def __init__(self, folder: Path, words: str, unsure: str) -> None:
        self.folder, self.args, self.port = folder, (words, unsure), 0
        self.start()

    def command(self) -> list[str]:
        return [sys.executable, "-c", SERVER, str(self.folder), str(self.port), *self.args]

    def start(self) -> None:
        env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'test'}"}
        self.process = subprocess.Popen(self.command(), env=env, stdout=PIPE, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.port = int(re.findall(r"\d+", said.partition(" ")[0])[-1])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


class Program(Server):
    """asrkit serve itself, with a model of random weights."""

    def command(self) -> list[str]:
        model = self.folder.parent / "model"
        if not model.exists():
            conf = {"width": 16, "layers": 1, "heads": 2, "mels": 16}
            save_random(model, "logmel", conf, {})
        options = {"--model": model, "--data": self.folder, "--lang": "it", "--port": self.port}
        given = [str(word) for pair in options.items() for word in pair]
        return [sys.executable, "-m", "asrkit", "serve", *given]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data", "uno due tre quattro", "tre")
    yield made
    made.kill()


@pytest.fixture
def chrome(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    made = open_browser(tmp_path)
    yield made
    said = [entry["message"] for entry in made.get_log("browser") if entry["level"] == "SEVERE"]
    made.quit()
    unexpected = [text for text in said if "net::ERR" not in text and "409" not in text]
    assert unexpected == []


def add(chrome: webdriver.Chrome, server: Server, seconds: float = 4.0) -> None:
    """Opens the page and gives it a file."""
    chrome.get(server.address)
    file = server.folder.parent / "Prova à.wav"
    file.write_bytes(wave(seconds))
    wait(lambda: kept(chrome))
    chrome.find_element(By.ID, "files").send_keys(str(file))
    wait(lambda: lines(chrome))


def test_transcribe_correct_reload_export_train(
    chrome: webdriver.Chrome, server: Server, tmp_path: Path
) -> None:
    add(chrome, server)
    assert lines(chrome) == ["uno due tre quattro"]
    assert [word.get_property("textContent") for word in find(chrome, ".unsure")] == ["tre"]
    area = find(chrome, ".piece textarea")[0]
    assert area.get_attribute("lang") == "it" and area.get_attribute("dir") == "auto"
    area.send_keys(Keys.END, " e più", Keys.ENTER)
    wait(lambda: kept(chrome) and find(chrome, ".piece.done"))
    chrome.refresh()
    wait(lambda: lines(chrome) == ["uno due tre quattro e più"] and find(chrome, ".piece.done"))
    assert find(chrome, ".unsure") == []  # a person vouches for it
    wait(lambda: chrome.find_element(By.ID, "saved").text.startswith("1 line, 4 s"))
    assert validate(server.folder).problems == []
    assert list(DataDir.read(server.folder).tables["text"].values()) == [
        "uno due tre quattro e più"
    ]
    chrome.find_element(By.CSS_SELECTOR, "#export summary").click()
    chrome.find_element(By.LINK_TEXT, "json").click()
    file = tmp_path / "Prova à.json"
    wait(file.exists)
    assert Transcript.from_json(file.read_bytes()).text == "uno due tre quattro e più"


def test_with_a_model_to_a_folder_that_stage_3_takes(
    chrome: webdriver.Chrome, tmp_path: Path
) -> None:
    server = Program(tmp_path / "data", "", "")
    try:
        chrome.get(server.address)
        wait(lambda: kept(chrome))
        chrome.find_element(By.ID, "files").send_keys(str(CLIP))
        (said,) = wait(lambda: lines(chrome))
        assert said == Speech2Text(tmp_path / "model").transcribe(CLIP).text
        area = find(chrome, ".piece textarea")[0]
        area.send_keys(Keys.CONTROL, "a")
        area.send_keys("buongiorno", Keys.ENTER)
        wait(lambda: chrome.find_element(By.ID, "saved").text.startswith("1 line"))
        out = tmp_path / "dump"
        assert format_audio.main(["--in_dir", str(server.folder), "--out_dir", str(out)]) == 0
        assert list(DataDir.read(out).tables["text"].values()) == ["buongiorno"]
    finally:
        server.kill()


def test_keys_split_merge_and_go_on(chrome: webdriver.Chrome, server: Server) -> None:
    add(chrome, server)
    area = find(chrome, ".piece textarea")[0]
    area.send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 8, Keys.SHIFT, Keys.ENTER)
    wait(lambda: lines(chrome) == ["uno due", "tre quattro"])
    wait(lambda: chrome.switch_to.active_element == find(chrome, ".piece textarea")[1])
    chrome.switch_to.active_element.send_keys(Keys.ALT, Keys.ARROW_UP)
    assert chrome.switch_to.active_element == find(chrome, ".piece textarea")[0]
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    assert chrome.switch_to.active_element == find(chrome, ".piece textarea")[1]
    wait(lambda: len(find(chrome, ".piece.done")) == 1)
    chrome.switch_to.active_element.send_keys(Keys.HOME, Keys.BACKSPACE)
    wait(lambda: lines(chrome) == ["uno due tre quattro"])
    place = "return document.activeElement.selectionStart"
    wait(lambda: chrome.execute_script(place) == len("uno due"))


def test_a_line_where_nothing_was_heard(chrome: webdriver.Chrome, server: Server) -> None:
    chrome.get(server.address)
    wait(lambda: kept(chrome))
    file = server.folder.parent / "quiet.flac"
    with open(file, "wb") as stream:
        write_flac(stream, np.zeros(48_000, np.float32))
    chrome.find_element(By.ID, "files").send_keys(str(file))
    wait(lambda: chrome.find_element(By.ID, "progress").text == "0 of 0 done")
    chrome.find_element(By.ID, "insert").click()
    wait(lambda: chrome.switch_to.active_element.tag_name == "textarea")
    chrome.switch_to.active_element.send_keys("piano", Keys.ENTER)
    wait(lambda: chrome.find_element(By.ID, "saved").text.startswith("1 line, 3 s"))
    assert list(DataDir.read(server.folder).tables["text"].values()) == ["piano"]


def test_words_light_up_and_are_played(chrome: webdriver.Chrome, server: Server) -> None:
    add(chrome, server)
    area = find(chrome, ".piece textarea")[0]
    area.send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 5, Keys.ESCAPE)  # in "due"
    now = "return document.querySelector('.now')?.textContent"
    wait(lambda: chrome.execute_script(now) == "due")
    assert 1.0 <= float(chrome.find_element(By.ID, "time").text[2:]) <= 2.2
    wait(lambda: chrome.execute_script(now) == "tre")
    area.send_keys(Keys.ESCAPE)
    wait(lambda: chrome.find_element(By.ID, "play").text == "Play")


def test_typing_while_the_server_is_away(chrome: webdriver.Chrome, server: Server) -> None:
    """It is killed in the middle of a word; the page tells so, keeps all, and sends it then."""
    add(chrome, server)
    area = find(chrome, ".piece textarea")[0]
    area.send_keys(Keys.END, " ci")
    server.kill()
    area.send_keys("ao")
    wait(lambda: "does not answer" in chrome.find_element(By.ID, "problem").text)
    area.send_keys(" ciao")
    server.start()
    wait(lambda: kept(chrome))
    assert not chrome.find_element(By.ID, "problem").is_displayed()
    chrome.refresh()
    wait(lambda: lines(chrome) == ["uno due tre quattro ciao ciao"])


def test_a_tab_that_is_closed_while_the_server_is_away(
    chrome: webdriver.Chrome, server: Server
) -> None:
    add(chrome, server)
    server.kill()
    find(chrome, ".piece textarea")[0].send_keys(Keys.END, " ciao")
    chrome.get("about:blank")
    server.start()
    chrome.get(server.address)
    wait(lambda: lines(chrome) == ["uno due tre quattro ciao"] and kept(chrome))


@pytest.mark.parametrize("mine", [False, True])
def test_two_people_at_one_line(chrome: webdriver.Chrome, server: Server, mine: bool) -> None:
    """The second one sees both texts, and chooses; until then the first one sees both, too."""
    add(chrome, server)
    # the second person's page does not see what the first one does
    chrome.execute_script(
        "window.fetch = (whole => (path, options) => path.startsWith('/api/state')"
        " ? new Promise(() => {}) : whole(path, options))(window.fetch)"
    )
    time.sleep(0.7)
    first = chrome.current_window_handle
    chrome.switch_to.new_window("tab")
    chrome.get(server.address)
    wait(lambda: lines(chrome))
    find(chrome, ".piece textarea")[0].send_keys(Keys.END, " A")
    wait(lambda: kept(chrome))
    second = chrome.current_window_handle
    chrome.switch_to.window(first)
    find(chrome, ".piece textarea")[0].send_keys(Keys.END, " B")
    wait(lambda: find(chrome, ".note q")[0].text == "uno due tre quattro A")
    assert lines(chrome) == ["uno due tre quattro B"]  # nothing moves under the fingers
    find(chrome, ".piece textarea")[0].send_keys("B", Keys.ENTER)
    wait(lambda: "choose one first" in chrome.find_element(By.ID, "problem").text)
    chrome.switch_to.window(second)
    wait(lambda: find(chrome, ".note q")[0].text == "uno due tre quattro BB")
    chrome.switch_to.window(first)
    chrome.refresh()  # both texts are kept until someone decides
    wait(lambda: find(chrome, ".note q")[0].text == "uno due tre quattro A")
    assert lines(chrome) == ["uno due tre quattro BB"]
    find(chrome, ".note button")[mine].click()
    wanted = ["uno due tre quattro BB" if mine else "uno due tre quattro A"]
    wait(lambda: lines(chrome) == wanted and not find(chrome, ".note q"))
    chrome.switch_to.window(second)
    wait(lambda: lines(chrome) == wanted and not find(chrome, ".note q"))


def test_recording(chrome: webdriver.Chrome, server: Server) -> None:
    """Of Chromium's own beeping microphone."""
    chrome.get(server.address)
    wait(lambda: kept(chrome))
    record = chrome.find_element(By.ID, "record")
    record.click()
    wait(lambda: record.text == "Stop 0:02")
    record.click()
    wait(lambda: lines(chrome))
    (file,) = (server.folder / "originals").glob("recording*.webm")
    assert file.stat().st_size > 1000


def test_scripts_from_right_to_left(chrome: webdriver.Chrome, tmp_path: Path) -> None:
    """What is shaded lies behind its word, wherever the script puts it."""
    server = Server(tmp_path / "data", "שָׁלוֹם לְכֻלָּם नमस्ते e\u0301", "לְכֻלָּם")
    try:
        add(chrome, server)
        align = "return getComputedStyle(document.querySelector('.piece textarea')).direction"
        assert chrome.execute_script(align) == "rtl"
        (word,) = find(chrome, ".unsure")
        field = find(chrome, ".piece textarea")[0].rect
        assert field["x"] + field["width"] / 2 < word.rect["x"] < field["x"] + field["width"]
    finally:
        server.kill()


def test_names_contrast_and_focus(chrome: webdriver.Chrome, server: Server) -> None:
    add(chrome, server)
    for element in find(chrome, "button, input, textarea, select, summary, a"):
        if element.is_displayed():
            assert element.accessible_name.strip(), element.get_attribute("outerHTML")
    # WCAG's ratio of every text to what lies behind it, which AA wants to be 4.5
    for scheme in ("light", "dark"):
        feature = [{"name": "prefers-color-scheme", "value": scheme}]
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
        assert chrome.execute_script(CONTRAST) == []
