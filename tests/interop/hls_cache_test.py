#!/usr/bin/env python3
"""hls_cache_test.py WMPUSH FFMPEG_WMPUSH nginx-hls-cache.conf [FETCHERS]

So many players fetch a live stream through nginx, as the example configures it: the server is asked
for each segment once."""

import collections
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request

SEGMENTS = 4


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def watch(base, failures, sizes):
    """Plays from the first playlist on, until it has so many segments."""
    seen = set()
    turn = threading.Event()
    try:
        while len(seen) < SEGMENTS:
            for line in get(base + "/live.m3u8").decode().splitlines():
                if line and not line.startswith("#") and line not in seen:
                    seen.add(line)
                    sizes[line].add(len(get(base + "/" + line)))
            turn.wait(0.5)  # as players do: a playlist does not tell when it changes
    except Exception as wrong:  # whatever it is, the test names it
        failures.append(repr(wrong))


def main():
    wmpush, ffmpeg, example = sys.argv[1:4]
    fetchers = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for program, package in (("nginx", "nginx-light"), ("ffmpeg", "ffmpeg")):
        if not shutil.which(program):
            print(f"SKIPPED: {program} is not there (Debian's package {package})")
            return 77
    folder = tempfile.mkdtemp(prefix="wmpush-cache-")
    os.chmod(folder, 0o755)
    log = os.path.join(folder, "access.log")
    processes = []
    try:
        server = subprocess.Popen(
            [wmpush, "serve", "--listen", "127.0.0.1:0", "--hls", "copy", "--access_log", log],
            stdout=subprocess.PIPE, text=True)
        processes.append(server)
        url = server.stdout.readline().strip()
        origin = url.split("/")[2]
        processes.append(subprocess.Popen(
            [ffmpeg, "-hide_banner", "-nostdin", "-v", "quiet", "-re",
             "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "120",
             "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-pix_fmt", "yuv420p",
             "-g", "25", "-f", "asf", url]))
        while "started" not in server.stdout.readline():
            pass
        port = free_port()
        with open(example, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("127.0.0.1:8080", origin).replace("127.0.0.1:8000",
                                                              f"127.0.0.1:{port}")
        if os.geteuid() == 0:
            text = "user root;\n" + text
        configuration = os.path.join(folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("daemon off;\n" + text)
        processes.append(subprocess.Popen(["nginx", "-p", folder, "-c", configuration],
                                          stderr=subprocess.DEVNULL))
        base = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                get(base + "/healthz")
                break
            except OSError:
                threading.Event().wait(0.1)  # until nginx listens
        failures, sizes = [], collections.defaultdict(set)
        threads = [threading.Thread(target=watch, args=(base, failures, sizes))
                   for _ in range(fetchers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, f"{len(failures)} of {fetchers} failed: {failures[0]}"
        assert all(len(lengths) == 1 for lengths in sizes.values()), "a segment was cut"
        server.terminate()
        server.wait()
        with open(log, encoding="utf-8") as file:
            asked = collections.Counter(
                line.split('"')[1].split(" ")[1] for line in file if ".m3u8" in line or ".hls/" in line)
        segments = {path: count for path, count in asked.items() if path.endswith(".m4s")}
        print(f"{fetchers} fetchers, {len(segments)} segments: the server was asked "
              f"{sum(segments.values())} times for segments, {asked['/live.m3u8']} times for the "
              f"playlist")
        assert len(segments) >= SEGMENTS, segments
        assert set(segments.values()) == {1}, segments
        return 0
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()
        processes[0].stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
