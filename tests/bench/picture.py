#!/usr/bin/env python3
"""What a picture of a key frame costs: by wmpush-picture, which stays, and by ffmpeg, started for each.

tests/bench/picture.py PATH/TO/wmpush-picture

Prints, for each size, the milliseconds of processor and of waiting for one picture, medians of 30.
"""
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import time

ROUNDS = 30
SIZES = ("426x240", "640x360", "1280x720", "1920x1080")


def key_frame(size):
    """ASF of one key frame of a test picture."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25",
         "-frames:v", "1", "-c:v", "wmv2", "-b:v", "4M", "-f", "asf", "pipe:1"],
        check=True, stdout=subprocess.PIPE).stdout


def processor_of(pid):
    """Seconds of a process that runs."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


class Program:
    def __init__(self, path):
        self.socket, other = socket.socketpair()
        with other:
            self.process = subprocess.Popen([path], stdin=other, stdout=other)

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                sys.exit("wmpush-picture has ended")
            data += part
        return data

    def make(self, asf):
        self.socket.sendall(struct.pack("=II", 320, len(asf)) + asf)
        made, size = struct.unpack("=II", self.read(8))
        body = self.read(size)
        if made != 1:
            sys.exit("no picture: " + body.decode())

    def end(self):
        self.socket.close()
        self.process.wait()


def by_program(path, asf):
    program = Program(path)
    program.make(asf)
    figures = []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), processor_of(program.process.pid)
        program.make(asf)
        waited = time.perf_counter() - begun
        figures.append((processor_of(program.process.pid) - used, waited))
    program.end()
    return figures


def by_ffmpeg(asf):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "asf", "-i", "pipe:0", "-frames:v", "1",
               "-vf", "scale=320:-2", "-f", "mjpeg", "pipe:1"]
    figures = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run(command, input=asf, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        waited = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, waited))
    return figures


def shown(figures):
    processor, waited = (statistics.median(each) * 1000 for each in zip(*figures))
    return f"{processor:8.1f} {waited:8.1f}"


def main():
    if len(sys.argv) != 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(__doc__)
    print(f"{'ms for a picture':18}  wmpush-picture     ffmpeg started")
    print(f"{'':18} processor  waited processor  waited")
    for size in SIZES:
        asf = key_frame(size)
        print(f"{size:18} {shown(by_program(sys.argv[1], asf))} {shown(by_ffmpeg(asf))}")


if __name__ == "__main__":
    main()
