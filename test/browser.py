"""A real Chromium without a window, for tests and screenshots of the page."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


def open_browser(downloads: Path, size: str = "1280,900") -> webdriver.Chrome:
    """With a microphone that beeps."""
    options = webdriver.ChromeOptions()
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *(f"--window-size={size}", "--mute-audio", "--autoplay-policy=no-user-gesture-required"),
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
    ):
        options.add_argument(argument)
    options.binary_location = str(CHROMIUM)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))


def wait(done: Callable[[], Any], seconds: float = 30) -> Any:
    """What ``done`` gives once it is true; an error of it on the way is a page that changes."""
    until = time.monotonic() + seconds
    while True:
        try:
            if found := done():
                return found
        except Exception:
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until, "the page does not come to it"
        time.sleep(0.05)


def find(browser: webdriver.Chrome, css: str) -> list[Any]:
    return browser.find_elements(By.CSS_SELECTOR, css)


def lines(browser: webdriver.Chrome) -> list[str]:
    return [area.get_property("value") for area in find(browser, ".piece textarea")]


def kept(browser: webdriver.Chrome) -> bool:
    return browser.find_element(By.ID, "kept").text == "All kept"
