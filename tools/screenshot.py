"""Makes docs/img/serve.png: PYTHONPATH=.:test python tools/screenshot.py

The page with Italian prompts of the tests. Nothing is recognized: the texts are the prompts' own, a
few words of them changed and unsure, as a recognizer might have them.
"""

from __future__ import annotations

import random
import tempfile
import threading
from pathlib import Path

import numpy as np
import uvicorn
from browser import find, kept, open_browser, wait
from corpora.speech import clips
from PIL import Image
from scripted import Scripted
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from asrkit.audio.reading import write_flac
from asrkit.rate import RATE
from asrkit.serve.app import listen, make_app
from asrkit.serve.recordings import Recording
from asrkit.serve.store import Store
from asrkit.serve.uploads import Limits
from asrkit.transcript import Word

OUT = Path(__file__).resolve().parents[1] / "docs/img/serve.png"
PAUSE = np.zeros(RATE // 2, np.float32)


def fill(store: Store, name: str, first: int, count: int, done: int) -> None:
    """A recording of some prompts, the first ``done`` of them corrected."""
    chance = random.Random(first)
    recording = name.replace(" ", "_")
    sound: list[np.ndarray] = []
    pieces = []
    for clip in clips("it")[first : first + count]:
        samples = clip.samples()
        at, length = sum(map(len, sound)) / RATE, len(samples) / RATE
        texts = clip.text.split()
        total, spoken, words = sum(map(len, texts)), 0, []
        for text in texts:
            begin, end = (
                at + 0.1 + (length - 0.2) * x / total for x in (spoken, spoken + len(text))
            )
            spoken += len(text)
            unsure = chance.random() < 0.22
            confidence = chance.uniform(0.2, 0.7) if unsure else chance.uniform(0.9, 0.99)
            words.append(
                Word(text[:-1] if unsure and len(text) > 5 else text, begin, end, confidence)
            )
        pieces.append((at, at + length + 0.2, words))
        sound += [samples, PAUSE]
    whole = np.concatenate(sound)
    with open(store.folder / "audio" / f"{recording}.flac", "wb") as stream:
        write_flac(stream, whole)
    seconds = len(whole) / RATE
    store.add_recording(Recording(recording, f"{name}.wav", f"{recording}.wav", "Marta", seconds))
    store.add_heard(recording, pieces, seconds)
    for piece in store.pieces_of(recording)[:done]:
        store.mark(piece.id, 0, True)


def main() -> None:
    home = Path(tempfile.mkdtemp())
    folder = home / "data/it_corrections"
    (folder / "audio").mkdir(parents=True)
    store = Store(folder, "it")
    fill(store, "Racconto 1", 0, 6, 6)
    fill(store, "Racconto 2", 6, 7, 3)
    fill(store, "Intervista", 13, 8, 2)
    store.close()
    with listen("127.0.0.1", 0) as at:
        app = make_app(Scripted("uno"), folder, None, Limits(1 << 20, 60))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([at],))
        thread.start()
        browser = open_browser(home, "1240,860")
        try:
            browser.get(f"http://127.0.0.1:{at.getsockname()[1]}/")
            wait(lambda: kept(browser) and len(find(browser, ".piece")) > 5)
            folder_name = "document.getElementById('saved').lastChild.textContent"
            area = find(browser, ".piece textarea")[3]
            area.send_keys(Keys.HOME, Keys.ESCAPE)
            now = "return document.querySelectorAll('.now').length"
            wait(lambda: browser.execute_script(now))
            browser.find_element(By.ID, "play").click()
            browser.execute_script(
                f"{folder_name} = ' of training data in data/it_corrections'; scrollTo(0, 0)"
            )
            browser.find_element(By.TAG_NAME, "h1").click()
            area.send_keys(Keys.END)
            browser.execute_script("scrollTo(0, 0)")
            browser.save_screenshot(str(home / "page.png"))
        finally:
            browser.quit()
            server.should_exit = True
            thread.join()
    OUT.parent.mkdir(exist_ok=True)
    Image.open(home / "page.png").convert("RGB").quantize(256).save(OUT, optimize=True)
    print(OUT, OUT.stat().st_size)


if __name__ == "__main__":
    main()
