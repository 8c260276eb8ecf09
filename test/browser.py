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


# the texts of the page that have too little contrast, each with its colors
CONTRAST = """
const parse = (color) => (color.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
const over = (top, under) => {
  const alpha = top[3] ?? 1;
  return [0, 1, 2].map((at) => top[at] * alpha + under[at] * (1 - alpha));
};
const behind = (node) => {
  if (!node) return [255, 255, 255];
  const color = parse(getComputedStyle(node).backgroundColor);
  const under = () => behind(node.parentElement);
  return (color[3] ?? 1) === 0 ? under() : over(color, under());
};
const bad = [];
const judge = (what, ink, ground) => {
  const [one, two] = [light(ink), light(ground)].sort((x, y) => y - x);
  if ((one + 0.05) / (two + 0.05) < 4.5) bad.push([what, ink, ground]);
};
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((part) => part.nodeType === 3 && part.textContent.trim());
  if (!node.checkVisibility() || !(own || node.value)) continue;
  if (node.closest(".behind") || node.disabled) continue;
  judge(node.outerHTML.slice(0, 80), parse(getComputedStyle(node).color), behind(node));
}
const field = document.querySelector(".piece textarea");
for (const span of document.querySelectorAll(".behind span")) {
  for (const kind of ["unsure", "now"]) {
    span.className = kind;
    span.style.setProperty("--doubted", 1);
    judge(kind, parse(getComputedStyle(field).color), behind(span));
  }
}
return bad;
"""
