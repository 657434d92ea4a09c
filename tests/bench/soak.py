#!/usr/bin/python3
"""Ten minutes of a 2 Mbit/s push, sped up: the memory of the program that pushes must not grow.

    soak.py BIN SCRATCH make          makes the ten minutes of ASF
    soak.py BIN SCRATCH tool|ffmpeg   pushes them by one program or the other

The stream is written to the program's standard input at a steady pace; after each piece its
resident memory is read. Exit status 0 when it stayed flat after the first fifth.
"""

import pathlib
import re
import signal
import subprocess
import sys
import time

MEDIA_SECONDS = 600
BIT_RATE = 2_000_000
RUN_SECONDS = 12
PIECES = 120
MAX_GROWTH_KB = 512


def make_asf(path):
    """Ten minutes at about 2 Mbit/s: twenty seconds, thirty times."""
    if path.exists():
        return
    seed, part = path.with_suffix(".seed.asf"), path.with_suffix(".part")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    subprocess.run(
        [*ffmpeg, "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=20,noise=alls=20:allf=t",
         "-f", "lavfi", "-i", "sine=duration=20", "-c:v", "wmv2", "-b:v", "1900k",
         "-minrate", "1900k", "-maxrate", "1900k", "-bufsize", "1M", "-c:a", "wmav2", "-f", "asf",
         seed], check=True)
    subprocess.run([*ffmpeg, "-stream_loop", str(MEDIA_SECONDS // 20 - 1), "-i", seed, "-c", "copy",
                    "-f", "asf", part], check=True)
    seed.unlink()
    part.rename(path)


def resident_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) if found else None  # none: it has ended


def main():
    programs, scratch, which = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    scratch.mkdir(parents=True, exist_ok=True)
    asf = scratch / "ten-minutes.asf"
    if which == "make":
        make_asf(asf)
        return

    server = subprocess.Popen([programs / "wmpush", "serve", "--listen", "127.0.0.1:0", "--discard"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    pusher = None
    try:
        url = None
        while not url:
            line = server.stdout.readline()
            if not line:
                sys.exit("wmpush serve ended before it said its URL")
            found = re.search(r"wmpush://\S+", line)
            url = found and found[0]
        command = {
            "tool": [programs / "wmpush", "send", "--fast", "-", url],
            "ffmpeg": [programs / "ffmpeg-wmpush", "-v", "error", "-f", "asf", "-i", "pipe:0",
                       "-c", "copy", "-f", "asf", url],
        }[which]
        pusher = subprocess.Popen(command, stdin=subprocess.PIPE)
        data = asf.read_bytes()
        size = len(data) // PIECES + 1
        samples = []
        start = time.monotonic()
        for i in range(PIECES):
            pusher.stdin.write(data[i * size:(i + 1) * size])
            pusher.stdin.flush()
            time.sleep(max(0, start + RUN_SECONDS * (i + 1) / PIECES - time.monotonic()))
            if (resident := resident_kb(pusher)) is None:
                break
            samples.append(resident)
        pusher.stdin.close()
        status = pusher.wait(timeout=30)
        if len(samples) < PIECES - 1:  # ffmpeg may end with the last packet, before the index
            sys.exit(f"the push ended early with exit status {status}, after {len(samples)} pieces")
        settled, most = samples[PIECES // 5], max(samples[PIECES // 5:])
        print(f"{len(data) / 1e6:.0f} MB, {MEDIA_SECONDS} s of media in {time.monotonic() - start:.0f} s; "
              f"resident: {samples[0]} kB at first, {settled} kB after a fifth, {most} kB at most")
        if status != 0:
            sys.exit(f"the push ended with exit status {status}")
        if most - settled > MAX_GROWTH_KB:
            sys.exit(f"memory grew by {most - settled} kB: {samples}")
    finally:
        for process in [pusher, server]:
            if process and process.poll() is None:
                process.send_signal(signal.SIGINT if process is server else signal.SIGKILL)
                process.wait(timeout=20)


if __name__ == "__main__":
    main()
