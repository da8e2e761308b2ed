#!/usr/bin/env python3
"""Large files on a mount against a plain folder on the same disk.

usage: large_files.py BUILD [--folder FOLDER] [--mib 1024] [--rounds 5] [--options OPTIONS] [STEP...]

BUILD is a build folder (release, or the ratios mean nothing), FOLDER lies on the disk to compare
with; root, for dropping caches. The two sides take turns, so that a machine whose speed drifts
does so for both; each ratio is the median of the rounds' ratios, with its smallest and largest.

Steps, all by default:
  stream   cp in, cp in with fsync, a cold read, a warm read
  random   10000 writes of 4 KiB into the file, client and daemon on one CPU
  append   100000 appends of 100 bytes, each with its own open and close
"""
import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

APPENDS, APPEND_BYTES = 100000, 100
WRITES, WRITE_BYTES = 10000, 4096


def timed(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


class Side:
    """A folder to measure in."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)


class Mount(Side):
    def __init__(self, build, folder, options):
        super().__init__("apexfs", os.path.join(folder, "mnt"))
        self.build, self.store, self.options = build, os.path.join(folder, "store"), options
        self.mount()

    def mount(self):
        arguments = [os.path.join(self.build, "fs/apexfs")]
        if self.options:
            arguments += ["-o", self.options]
        subprocess.run(arguments + [self.store, self.folder], check=True)
        self.pid = self.stat("pid")

    def unmount(self):
        subprocess.run(["umount", self.folder], check=True)
        while os.path.exists(f"/proc/{self.pid}"):
            time.sleep(0.01)

    def stat(self, name):
        with open(self.path(".stats"), encoding="ascii") as stats:
            for line in stats:
                key, value = line.split(None, 1)
                if key == name:
                    return int(value)
        raise KeyError(name)

    def disk_bytes(self):
        """All that was written to the disk since the mount."""
        return sum(map(self.stat, ("log_written_bytes", "blob_written_bytes", "flush_bytes",
                                   "compaction_written_bytes")))

    def memory_mib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
        raise KeyError("VmHWM")


def copy_in(source, target, fsync):
    subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "status=none"]
                   + (["conv=fsync"] if fsync else []), check=True)


def read_all(path):
    subprocess.run(["dd", f"if={path}", "of=/dev/null", "bs=1M", "status=none"], check=True)


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as drop:
        drop.write("3")


def show(what, ratios):
    print(f"{what:28} {statistics.median(ratios):6.2f} x  ({min(ratios):.2f} to {max(ratios):.2f})",
          flush=True)


def stream(plain, mount, arguments, source):
    steps = {"write": [], "write, fsync": [], "cold read": [], "warm read": []}
    for turn in range(arguments.rounds):
        seconds = {}
        for side in (plain, mount) if turn % 2 else (mount, plain):
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


def pin(pid, cpus):
    subprocess.run(["taskset", "-a", "-p", "-c", cpus, str(pid)], check=True,
                   stdout=subprocess.DEVNULL)


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
        for side in (plain, mount) if turn % 2 else (mount, plain):
            seconds[side.name] = timed(random_writes, side.path("stream"), size, turn)
        ratios.append(seconds["plain"] / seconds["apexfs"])
    everything = f"0-{os.cpu_count() - 1}"
    pin(mount.pid, everything)
    pin(os.getpid(), everything)
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
        for side in (plain, mount) if turn % 2 else (mount, plain):
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
    if os.geteuid() != 0:
        sys.exit("root only: caches are dropped")
    folder = tempfile.mkdtemp(prefix="apexfs-bench.", dir=arguments.folder)
    mount = None
    try:
        source = os.path.join(folder, "source")
        subprocess.run(["dd", "if=/dev/urandom", f"of={source}", "bs=1M",
                        f"count={arguments.mib}", "status=none"], check=True)
        plain = Side("plain", os.path.join(folder, "plain"))
        mount = Mount(arguments.build, folder, arguments.options)
        print("ratios: apexfs to plain folder, more is better")
        for step in arguments.steps:
            read_all(source)
            STEPS[step](plain, mount, arguments, source)
    finally:
        if mount:
            mount.unmount()
        shutil.rmtree(folder)


main()
