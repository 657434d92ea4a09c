#!/usr/bin/python3
"""Compares a push with what ffmpeg's own network outputs cost.

The same ASF file goes by `-c copy -f asf` through wmpush://, tcp://, http:// (POST) and icecast://
into one discarding sink, in turns, and the medians of the ratios to tcp:// are printed: throughput
as the sink saw it, and CPU time (user and system) of the ffmpeg process. Then packets at 2 Mbit/s
go through tcp:// and through our AVIOContext, and the time from the write to the sink is compared.
At last `wmpush send --fast` is compared with socat, which copies the same large file to the sink.

Exit status: 0 when the targets are met, 1 when not, 2 when it could not be measured.
"""

import argparse
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys

MIN_THROUGHPUT = 1.00  # of tcp://'s
MIN_THROUGHPUT_ICECAST = 0.97  # of icecast://'s
MAX_CPU = 1.00  # of tcp://'s
MAX_LATER_P99 = 20.0  # us
MIN_SEND_THROUGHPUT = 0.80  # of socat's
MAX_SEND_CPU = 1.30  # of socat's
PACKET_SIZE = 3200


def fail(text):
    print(f"compare.py: {text}", file=sys.stderr)
    sys.exit(2)


def run(command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done


def make_asf(path, megabytes):
    """An ASF file of this size that is hard to compress: some seconds of it, again and again."""
    if path.exists() and path.stat().st_size > megabytes * 0.95e6:
        return
    seed = path.with_suffix(".seed.asf")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    run([*ffmpeg, "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=4,noise=alls=40:allf=t",
         "-f", "lavfi", "-i", "sine=duration=4", "-c:v", "wmv2", "-q:v", "4", "-c:a", "wmav2",
         "-packet_size", str(PACKET_SIZE), "-f", "asf", seed])
    times = int(megabytes * 1e6 / seed.stat().st_size) + 1
    run([*ffmpeg, "-stream_loop", str(times), "-i", seed, "-c", "copy",
         "-fs", str(int(megabytes * 1e6)), "-packet_size", str(PACKET_SIZE), "-f", "asf", path])
    seed.unlink()


class Sink:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def report(self):
        """Protocol and numbers of the next connection that ends."""
        protocol, *fields = self.process.stdout.readline().split()
        return protocol, {key: float(value) for key, value in (f.split("=") for f in fields)}

    def close(self):
        self.process.kill()
        self.process.wait()


def push(name, command, sink):
    """Throughput in bytes per second, CPU seconds."""
    done = run(command)
    protocol, seen = sink.report()
    if protocol != name:
        fail(f"a push by {name} came as {protocol}")
    bench = re.search(r"bench: utime=([0-9.]+)s stime=([0-9.]+)s", done.stderr)
    if not bench:
        fail("ffmpeg -benchmark did not tell its CPU time")
    return seen["bytes"] / seen["seconds"], float(bench[1]) + float(bench[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build/bench",
                        help="build directory (default: %(default)s, the preset bench)")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--send-megabytes", type=int, default=2000, help="of the file that is sent")
    parser.add_argument("--seconds", type=float, default=10, help="of each latency run")
    parser.add_argument("--only", choices=["throughput", "latency", "send"])
    options = parser.parse_args()

    programs = options.build / "bin"
    for program in ["discard_sink", "paced_push", "ffmpeg-wmpush", "wmpush"]:
        if not (programs / program).exists():
            fail(f"{programs / program} is missing: cmake --preset bench && "
                 "cmake --build --preset bench")
    asf = options.build / "compare.asf"
    make_asf(asf, options.megabytes)

    sink = Sink(programs / "discard_sink")
    missed = []
    try:
        if options.only in (None, "throughput"):
            missed += compare_throughput(options, programs, asf, sink)
        if options.only in (None, "latency"):
            missed += compare_latency(options, programs, asf, sink)
        if options.only in (None, "send"):
            missed += compare_send(options, programs, sink)
    finally:
        sink.close()
    for line in missed:
        print(f"MISSED: {line}")
    sys.exit(1 if missed else 0)


def median_ratio(runs, others, index):
    """Of what has that index in each run, pair by pair."""
    return statistics.median(a[index] / b[index] for a, b in zip(runs, others))


def compare_throughput(options, programs, asf, sink):
    at = f"127.0.0.1:{sink.port}"
    copy = ["-v", "info", "-nostdin", "-benchmark", "-i", asf, "-c", "copy",
            "-packet_size", str(PACKET_SIZE), "-f", "asf"]
    commands = {
        "tcp": ["ffmpeg", *copy, f"tcp://{at}"],
        "wmpush": [programs / "ffmpeg-wmpush", *copy, f"wmpush://{at}/live"],
        "http": ["ffmpeg", *copy, "-method", "POST", f"http://{at}/live"],
        "icecast": ["ffmpeg", *copy, "-content_type", "video/x-ms-asf",
                    f"icecast://source:none@{at}/live"],
    }
    for name, command in commands.items():
        push(name, command, sink)  # the first run warms the caches and does not count
    results = {name: [] for name in commands}
    for turn in range(options.pairs):
        order = list(commands) if turn % 2 == 0 else list(reversed(commands))
        for name in order:
            results[name].append(push(name, commands[name], sink))

    print(f"{asf.stat().st_size / 1e6:.0f} MB, medians of {options.pairs} runs in turns\n")
    print(f"{'output':10} {'MB/s':>8} {'CPU s':>8} {'throughput':>12} {'CPU time':>10}")
    ratios = {}
    for name, runs in results.items():
        throughput = median_ratio(runs, results["tcp"], 0)
        cpu = median_ratio(runs, results["tcp"], 1)
        ratios[name] = throughput, cpu
        print(f"{name:10} {statistics.median(r[0] for r in runs) / 1e6:8.0f} "
              f"{statistics.median(r[1] for r in runs):8.3f} {throughput:12.3f} {cpu:10.3f}")
    print()
    throughput, cpu = ratios["wmpush"]
    missed = []
    if throughput < MIN_THROUGHPUT:
        missed.append(f"throughput is {throughput:.3f} of tcp://'s, not {MIN_THROUGHPUT} or more")
    icecast = median_ratio(results["wmpush"], results["icecast"], 0)
    if icecast < MIN_THROUGHPUT_ICECAST:
        missed.append(f"throughput is {icecast:.3f} of icecast://'s, not "
                      f"{MIN_THROUGHPUT_ICECAST} or more")
    if cpu > MAX_CPU:
        missed.append(f"CPU time is {cpu:.3f} of tcp://'s, not {MAX_CPU} or less")
    return missed


def compare_latency(options, programs, asf, sink):
    rounds = {"tcp": [], "wmpush": []}
    for _ in range(options.pairs):
        run([programs / "paced_push", asf, str(PACKET_SIZE), "2000000", str(options.seconds),
             f"tcp://127.0.0.1:{sink.port}", f"wmpush://127.0.0.1:{sink.port}/live"])
        for name, numbers in (sink.report() for _ in rounds):
            if "p99" not in numbers:
                fail(f"the sink has no stamped packets from {name}")
            rounds[name].append(numbers)
    print(f"{'2 Mbit/s':10} {'packets':>8} {'p50 us':>8} {'p99 us':>8} {'worst us':>9}")
    for name, all_of in rounds.items():
        print(f"{name:10} {sum(n['packets'] for n in all_of):8.0f} "
              f"{statistics.median(n['p50'] for n in all_of):8.1f} "
              f"{statistics.median(n['p99'] for n in all_of):8.1f} "
              f"{max(n['worst'] for n in all_of):9.1f}")
    later = statistics.median(w["p99"] - t["p99"] for w, t in zip(rounds["wmpush"], rounds["tcp"]))
    print(f"\np99 of wmpush is {later:+.1f} us from tcp://'s (median of {options.pairs})\n")
    if later > MAX_LATER_P99:
        return [f"p99 of the latency is {later:.1f} us above tcp://'s, not {MAX_LATER_P99} or less"]
    return []


def compare_send(options, programs, sink):
    if shutil.which("socat") is None:
        fail("socat is not installed")
    asf = options.build / "send.asf"
    make_asf(asf, options.send_megabytes)
    commands = {
        "tcp": ["socat", "-u", "-b", "65536", f"FILE:{asf}", f"TCP:127.0.0.1:{sink.port}"],
        "wmpush": [programs / "wmpush", "send", "--fast", asf,
                   f"wmpush://127.0.0.1:{sink.port}/live"],
    }

    def copy(name):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(commands[name])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        protocol, seen = sink.report()
        if protocol != name:
            fail(f"what was sent by {name} came as {protocol}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seen["bytes"] / seen["seconds"], cpu

    results = {name: [] for name in commands}
    for name in commands:
        copy(name)
    for turn in range(options.pairs):
        for name in list(commands) if turn % 2 == 0 else list(reversed(commands)):
            results[name].append(copy(name))
    print(f"{asf.stat().st_size / 1e6:.0f} MB, medians of {options.pairs} runs in turns\n")
    print(f"{'program':16} {'MB/s':>8} {'CPU s':>8}")
    for name, label in (("tcp", "socat -b 65536"), ("wmpush", "wmpush send")):
        print(f"{label:16} {statistics.median(r[0] for r in results[name]) / 1e6:8.0f} "
              f"{statistics.median(r[1] for r in results[name]):8.3f}")
    throughput = median_ratio(results["wmpush"], results["tcp"], 0)
    cpu = median_ratio(results["wmpush"], results["tcp"], 1)
    print(f"\nwmpush send: {throughput:.3f} of socat's throughput, {cpu:.3f} of its CPU time\n")
    missed = []
    if throughput < MIN_SEND_THROUGHPUT:
        missed.append(f"wmpush send has {throughput:.3f} of socat's throughput, not "
                      f"{MIN_SEND_THROUGHPUT} or more")
    if cpu > MAX_SEND_CPU:
        missed.append(f"wmpush send takes {cpu:.3f} of socat's CPU time, not {MAX_SEND_CPU} or less")
    return missed


if __name__ == "__main__":
    main()
