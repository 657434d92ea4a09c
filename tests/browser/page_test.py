#!/usr/bin/env python3
"""page_test.py WMPUSH FFMPEG_WMPUSH FOLDER_OF_AXE [FOLDER_FOR_SCREENSHOTS]

Looks at the pages of a server with a live point and 20 viewers in a real browser: alive and without
scripts, light and dark, wide and narrow, with names that try to be markup, and by axe-core."""

import base64
import hashlib
import pathlib
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

from webdriver import Browser, can_run

VIEWERS = 20
SCRIPT = "<script>window.smuggled=1</script><img src=x onerror=window.smuggled=1>"
LOOKS = [(width, height, colours) for width, height in ((1200, 1000), (400, 900))
         for colours in ("light", "dark")]


class Viewers:
    """Connections that read what comes."""

    def __init__(self, port, path, count):
        self.selector = selectors.DefaultSelector()
        self.over = False
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                               f"User-Agent: {SCRIPT}\r\n\r\n".encode())
            self.selector.register(connection, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.over:
            for key, _ in self.selector.select(0.1):
                if not key.fileobj.recv(65536):
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()

    def close(self):
        self.over = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def axe_in(folder):
    """The text of axe-core, which npm gets; empty when it cannot be had."""
    folder = pathlib.Path(folder)
    script = folder / "node_modules/axe-core/axe.min.js"
    if not script.exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(pathlib.Path(__file__).parent / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                        "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=20000"],
                       cwd=folder, timeout=60, check=False)
    return script.read_text(encoding="utf-8") if script.exists() else ""


class Tour:
    def __init__(self, browser, axe, screenshots):
        self.browser = browser
        self.axe = axe
        self.screenshots = screenshots

    def check(self, name):
        """What holds for every page, however it is looked at."""
        browser = self.browser
        for width, height, colours in LOOKS:
            browser.look(width, height, colours)
            wide = browser.run("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} pixels wider than a window of {width}"
            if self.screenshots:
                file = pathlib.Path(self.screenshots) / f"{name}-{width}-{colours}.png"
                file.write_bytes(base64.b64decode(browser.screenshot()))
            self.check_access(f"{name}, {width} wide, {colours}")
        assert browser.run("return window.smuggled === undefined"), f"{name} runs what others say"

    def check_access(self, name):
        if not self.axe:
            return
        # The page's policy lets no script in; who tests it may.
        self.browser.command("Runtime.evaluate", expression=self.axe)
        found = self.browser.command(
            "Runtime.evaluate", awaitPromise=True, returnByValue=True,
            expression="axe.run().then(r => r.violations.filter(v => "
                       "['serious', 'critical'].includes(v.impact)).map(v => v.id + ': ' + "
                       "v.help + ' ' + v.nodes.map(n => n.html).slice(0, 3).join(' ')))")
        faults = found["result"]["value"]
        assert not faults, f"{name}: " + "; ".join(faults)


def tour(base, port, point, browser, axe, screenshots):
    path = urllib.parse.quote(point)
    viewers = Viewers(port, path, VIEWERS)
    try:
        pages = Tour(browser, axe, screenshots)
        shown = "return document.querySelector('[data-text=viewers]').textContent"
        browser.open(base + path)
        browser.wait_for(f"{shown.replace('return', 'return +')} === {VIEWERS}", 20)
        browser.wait_for("return document.querySelectorAll('[data-table=viewers] tbody tr').length "
                         f"=== {VIEWERS}", 20)
        browser.wait_for("return document.querySelector('[data-picture]').naturalWidth === 320", 20)
        browser.wait_for("return document.querySelector('[data-text=frame_rate]')"
                         ".textContent.includes('frames/s')", 20)
        was = browser.run("return document.querySelector('[data-picture]').src")
        browser.wait_for("return document.querySelector('[data-picture]').src !== arguments[0]", 20,
                         was)
        pages.check("point")

        browser.open(base + "/")
        browser.wait_for("return document.querySelector('[data-state=on-air] [data-text=viewers]')"
                         f".textContent === '{VIEWERS}'", 20)
        pages.check("overview")

        browser.open(base.replace("//", "//boss:secret@") + "/admin?point=" + path)
        assert browser.run("return document.querySelectorAll('form').length") > VIEWERS
        pages.check("administration")

        # Nothing of it needs a script.
        browser.command("Emulation.setScriptExecutionDisabled", value=True)
        browser.open(base + path)
        text = browser.command("Accessibility.getFullAXTree")
        said = [node.get("name", {}).get("value") for node in text["nodes"]]
        assert "on air" in said and str(VIEWERS) in said, said
        browser.command("Emulation.setScriptExecutionDisabled", value=False)

        asked = [url for url in browser.requests() if not url.startswith("chrome:")]
        ours = (base + "/", base.replace("//", "//boss:secret@") + "/", "data:")
        strangers = [url for url in asked if not url.startswith(ours)]
        assert not strangers, f"a page asks others: {strangers}"
        complaints = browser.complaints()
        assert not complaints, complaints
    finally:
        viewers.close()
    print(f"3 pages, each looked at in {len(LOOKS)} ways"
          + ("" if axe else "; SKIPPED: axe-core, which npm did not get"))
    return 0


def main():
    wmpush, ffmpeg, folder_of_axe = sys.argv[1:4]
    if not can_run():
        return 77
    axe = axe_in(folder_of_axe)
    point = "/Live <b>& more"
    with tempfile.TemporaryDirectory() as folder:
        users = pathlib.Path(folder) / "users"
        users.write_text("boss:wmpush:" + hashlib.md5(b"boss:wmpush:secret").hexdigest() + "\n",
                         encoding="ascii")
        server = subprocess.Popen(
            [wmpush, "serve", "--listen", "127.0.0.1:0", "--point", point, "--point", "quiet",
             "--users", users, "--grant", "boss:admin:*", "--grant", "*:push,watch:*",
             "--clients_from", "127.0.0.1", "--record", pathlib.Path(folder) / "received"],
            stdout=subprocess.PIPE, text=True)
        push = browser = None
        try:
            url = server.stdout.readline().strip()
            base = url.replace("wmpush://", "http://").split("/")
            base = "/".join(base[:3])
            push = subprocess.Popen(
                [ffmpeg, "-hide_banner", "-nostdin", "-v", "quiet", "-re", "-f", "lavfi",
                 "-i", "testsrc2=size=320x240:rate=25", "-t", "120", "-c:v", "wmv2", "-g", "25",
                 "-metadata", "title=" + SCRIPT, "-f", "asf", url])
            while "started" not in server.stdout.readline():
                pass
            browser = Browser()
            return tour(base, int(base.rsplit(":", 1)[1]), point, browser, axe,
                        sys.argv[4] if len(sys.argv) > 4 else "")
        finally:
            if browser:
                browser.close()
            if push:
                push.terminate()
                push.wait()
            server.terminate()
            server.wait()
            server.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
