#!/usr/bin/env python3
"""Large files on a mount against a plain folder on the same disk.

usage: large_files.py BUILD [--folder FOLDER] [--mib 1024] [--rounds 5] [--options OPTIONS] [STEP...]

BUILD is a build folder (release, or the ratios mean nothing), FOLDER lies on the disk to compare
with; root, for dropping caches (sides.py).

Steps, all by default:
  stream   cp in, cp in with fsync, a cold read, a warm read
  random   10000 writes of 4 KiB into the file, client and daemon on one CPU
  append   100000 appends of 100 bytes, each with its own open and close
"""
import argparse
import os
import random
import resource
import subprocess

from sides import drop_caches, measure, pin, show, timed, turns, unpin

APPENDS, APPEND_BYTES = 100000, 100
WRITES, WRITE_BYTES = 10000, 4096


def copy_in(source, target, fsync):
    subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "status=none"]
                   + (["conv=fsync"] if fsync else []), check=True)


def read_all(path):
    subprocess.run(["dd", f"if={path}", "of=/dev/null", "bs=1M", "status=none"], check=True)


def stream(plain, mount, arguments, source):
    steps = {"write": [], "write, fsync": [], "cold read": [], "warm read": []}
    for turn in range(arguments.rounds):
        seconds = {}
        for side in turns(plain, mount, turn):
            target = side.path("stream")
            for step in steps:
                if step == "cold read":
                    drop_caches()
                elif step.startswith("write"):
                    if os.path.exists(target):
                        os.unlink(target)
                    os.sync()
                if step.startswith("write"):
                    took = timed(copy_in, source, target, "fsync" in step)
                else:
                    took = timed(read_all, target)
                seconds[step, side.name] = took
        for step, ratios in steps.items():
            ratios.append(seconds[step, "plain"] / seconds[step, "apexfs"])
        print("  seconds: " + ", ".join(f"{step} {seconds[step, 'plain']:.2f} / "
                                         f"{seconds[step, 'apexfs']:.2f}" for step in steps))
    for step, ratios in steps.items():
        show(step, ratios)
    print(f"daemon's peak memory: {mount.memory_mib():.0f} MiB")


def random_writes(path, size, seed):
    generator = random.Random(seed)
    block = generator.randbytes(WRITE_BYTES)
    fd = os.open(path, os.O_WRONLY)
    try:
        for _ in range(WRITES):
            os.pwrite(fd, block, generator.randrange(size // WRITE_BYTES) * WRITE_BYTES)
    finally:
        os.close(fd)


def random_step(plain, mount, arguments, source):
    size = arguments.mib << 20
    ratios = []
    for side in (plain, mount):
        if not os.path.exists(side.path("stream")):
            copy_in(source, side.path("stream"), True)
    pin(mount.pid, "0")
    pin(os.getpid(), "0")
    before = mount.disk_bytes()
    for turn in range(arguments.rounds):
        seconds = {}
        for side in turns(plain, mount, turn):
            seconds[side.name] = timed(random_writes, side.path("stream"), size, turn)
        ratios.append(seconds["plain"] / seconds["apexfs"])
    unpin(mount.pid)
    unpin(os.getpid())
    show("random 4 KiB, one CPU", ratios)
    written = mount.disk_bytes() - before
    mount.unmount()
    before_compaction = resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock
    subprocess.run([os.path.join(mount.build, "lsm/cli/apexkv"), mount.store, "compact"],
                   check=True, stdout=subprocess.DEVNULL)
    blocks = resource.getrusage(resource.RUSAGE_CHILDREN).ru_oublock - before_compaction
    mount.mount()
    data = arguments.rounds * WRITES * WRITE_BYTES
    print(f"written: {written / data:.2f} x the data, with compaction "
          f"{(written + blocks * 512) / data:.2f} x")


def append_all(path, count):
    line = b"x" * (APPEND_BYTES - 1) + b"\n"
    for _ in range(count):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(fd, line)
        os.close(fd)


def append_step(plain, mount, arguments, source):
    del source
    halves, ratios, factors = [], [], []
    for turn in range(arguments.rounds):
        seconds = {}
        for side in turns(plain, mount, turn):
            before = mount.disk_bytes()
            path = side.path(f"append{turn}")
            first = timed(append_all, path, APPENDS // 2)
            second = timed(append_all, path, APPENDS // 2)
            seconds[side.name] = first + second
            if side is mount:
                halves.append(second / first)
                factors.append((mount.disk_bytes() - before) / (APPENDS * APPEND_BYTES))
        ratios.append(seconds["plain"] / seconds["apexfs"])
    show("append 100 bytes", ratios)
    show("second half to first half", halves)
    show("bytes written to the data", factors)


STEPS = {"stream": stream, "random": random_step, "append": append_step}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--folder", default=None)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", default="")
    parser.add_argument("steps", nargs="*", metavar="STEP")
    arguments = parser.parse_intermixed_args()
    arguments.steps = arguments.steps or list(STEPS)
    for step in arguments.steps:
        if step not in STEPS:
            parser.error(f"no step {step}: there are {', '.join(STEPS)}")

    def work(plain, mount, folder):
        source = os.path.join(folder, "source")
        subprocess.run(["dd", "if=/dev/urandom", f"of={source}", "bs=1M",
                        f"count={arguments.mib}", "status=none"], check=True)
        for step in arguments.steps:
            read_all(source)
            STEPS[step](plain, mount, arguments, source)

    measure(arguments.build, arguments.folder, arguments.options, work)


main()
