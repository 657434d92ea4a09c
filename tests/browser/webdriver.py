"""A browser that a test drives: chromedriver by WebDriver, which is JSON over HTTP."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request


def can_run():
    """Whether what the tests here need is installed; says what is not."""
    for program in ("chromium", "chromedriver", "ffmpeg"):
        if not shutil.which(program):
            print(f"SKIPPED: {program} is not there (Debian's packages chromium, "
                  "chromium-driver and ffmpeg)")
            return False
    return True


class Browser:
    """Headless Chromium, with a profile of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wmpush-browser-")
        # It prints the port that it has chosen.
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True)
        self.session = ""
        self.base = ""
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                port = int(line.rstrip().rstrip(".").rsplit(" ", 1)[1])
                self.base = f"http://127.0.0.1:{port}"
                break
        else:
            raise RuntimeError("chromedriver does not start")
        try:
            value = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
                "goog:chromeOptions": {"args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-sync",
                    "--disable-background-networking", "--disable-component-update",
                    "--no-first-run", "--window-size=900,1200",
                    f"--user-data-dir={self.folder}/profile"]}}}})
        except Exception:
            self.close()
            raise
        self.session = "/session/" + value["sessionId"]

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self._call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        """What a function with this body returns; it has `arguments`."""
        return self._call("POST", self.session + "/execute/sync",
                          {"script": script, "args": list(arguments)})

    def click(self, selector):
        """As people do it, so that the page may make a noise."""
        found = self._call("POST", self.session + "/element",
                           {"using": "css selector", "value": selector})
        self._call("POST", f"{self.session}/element/{next(iter(found.values()))}/click", {})

    def wait_for(self, script, limit, *arguments):
        """Seconds until the script returns something true; fails after `limit` of them."""
        begin = time.monotonic()
        while True:
            if self.run(script, *arguments):
                return time.monotonic() - begin
            if time.monotonic() - begin > limit:
                said = self.run("return document.body.innerText.slice(0, 300)")
                raise AssertionError(f"not within {limit} s: {script}\nThe page: {said}\n"
                                     f"It asked for {self.requests()}, and {self.complaints()}")
            time.sleep(0.05)  # a page tells nobody outside when it changes

    def requests(self):
        """The URLs that were asked for since the last call."""
        urls = []
        for entry in self._call("POST", self.session + "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def complaints(self):
        """What the console says of errors: scripts that fail, and what the page's policy refuses."""
        return [entry["message"] for entry in
                self._call("POST", self.session + "/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def screenshot(self):
        return self._call("GET", self.session + "/screenshot")

    def command(self, name, **parameters):
        """A command of the DevTools protocol, for what WebDriver has not."""
        return self._call("POST", self.session + "/goog/cdp/execute",
                          {"cmd": name, "params": parameters})

    def look(self, width, height, colours):
        """A window of this size, for who likes "light" or "dark" colours."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 500)
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": colours}])

    def close(self):
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            # With whatever it has started.
            os.killpg(self.driver.pid, signal.SIGTERM)
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)
