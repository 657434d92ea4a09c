#!/usr/bin/env python3
"""hls_test.py WMPUSH FFMPEG_WMPUSH copy|transcode [SCREENSHOT]

Pushes a stream, opens the page of its point in a real browser, and watches there."""

import base64
import subprocess
import sys
import urllib.request

from webdriver import Browser, can_run

CODECS = {
    "copy": ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0",
             "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac"],
    "transcode": ["-c:v", "wmv2", "-g", "25", "-b:v", "500k", "-c:a", "wmav2"],
}

# The picture of the video on a canvas: how many of its pixels are not dark.
BRIGHT = """
const video = document.querySelector("video");
const canvas = document.createElement("canvas");
canvas.width = 64;
canvas.height = 48;
const context = canvas.getContext("2d");
context.drawImage(video, 0, 0, 64, 48);
const pixels = context.getImageData(0, 0, 64, 48).data;
let bright = 0;
for (let i = 0; i < pixels.length; i += 4)
  if (pixels[i] + pixels[i + 1] + pixels[i + 2] > 90) ++bright;
return bright;
"""


class Pushes:
    """One encoder after the other to the same point: the newer one takes over."""

    def __init__(self, ffmpeg, mode, url):
        self.command = [ffmpeg, "-hide_banner", "-nostdin", "-v", "quiet", "-re"]
        self.codecs = CODECS[mode]
        self.url = url
        self.all = []

    def start(self, size):
        self.all.append(subprocess.Popen(
            [*self.command, "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25",
             "-f", "lavfi", "-i", "sine=frequency=440", "-t", "120",
             *self.codecs, "-f", "asf", self.url]))

    def end(self):
        for push in self.all:
            push.terminate()
            push.wait()


def status(base):
    with urllib.request.urlopen(base + "/status.json", timeout=10) as answer:
        return answer.read().decode()


def watch(base, browser, push, screenshot):
    browser.open(base + "/live")
    if "data-library" not in browser.run("return document.querySelector('[data-hls]').outerHTML"):
        print("SKIPPED: this build is without hls.js")
        return 77
    browser.wait_for("return !document.querySelector('.watch button').hidden", 5)
    opened = browser.requests()
    assert not [url for url in opened if ".m3u8" in url or ".hls/" in url or "hls.light" in url], \
        f"the page has asked for the stream by itself: {opened}"
    assert '"running": false' in status(base), "a page alone has started the program"

    browser.click(".watch button")
    first = browser.wait_for("return document.querySelector('video').currentTime > 0", 8)
    at = browser.run("return document.querySelector('video').currentTime")
    browser.wait_for("return document.querySelector('video').currentTime > arguments[0] + 3", 8, at)
    bright = browser.run(BRIGHT)
    assert bright > 1000, f"only {bright} of 3072 pixels are not dark"
    if screenshot:
        with open(screenshot, "wb") as file:
            file.write(base64.b64decode(browser.screenshot()))

    # The browser's own first page is of no interest, and is not loaded from anywhere.
    asked = [url for url in opened + browser.requests() if not url.startswith("chrome:")]
    strangers = [url for url in asked
                 if not url.startswith((base + "/", "blob:" + base + "/", "data:"))]
    assert not strangers, f"the page asks others: {strangers}"
    assert any(".m4s" in url for url in asked), f"no segment was asked for: {asked}"
    complaints = browser.complaints()
    assert not complaints, complaints
    assert '"running": true, "viewers": 1' in status(base), status(base)

    push.start("160x120")
    browser.wait_for("return document.querySelector('video').videoWidth === 160", 20)
    at = browser.run("return document.querySelector('video').currentTime")
    browser.wait_for("return document.querySelector('video').currentTime > arguments[0] + 1", 8, at)

    push.end()
    browser.wait_for("return document.querySelector('.watch [role=status]').textContent === "
                     "'The stream has ended.'", 20)
    print(f"It played after {first:.1f} s; {bright} of 3072 pixels are not dark; "
          f"{len(asked)} requests, all to the server")
    return 0


def main():
    wmpush, ffmpeg, mode = sys.argv[1:4]
    if not can_run():
        return 77
    server = subprocess.Popen([wmpush, "serve", "--listen", "127.0.0.1:0", "--hls", mode,
                               "--takeover", "newer"],
                              stdout=subprocess.PIPE, text=True)
    push = browser = None
    try:
        url = server.stdout.readline().strip()
        base = url.replace("wmpush://", "http://").rsplit("/", 1)[0]
        push = Pushes(ffmpeg, mode, url)
        push.start("320x240")
        while "started" not in server.stdout.readline():
            pass
        browser = Browser()
        return watch(base, browser, push, sys.argv[4] if len(sys.argv) > 4 else "")
    finally:
        if browser:
            browser.close()
        if push:
            push.end()
        server.terminate()
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
