#!/usr/bin/env python3
"""Small files on mounts, through /dev/fuse and over io_uring, against a plain folder on the same
disk: the table of README.

usage: small_files.py BUILD [--folder FOLDER] [--files 20000] [--rounds 5] [--options OPTIONS]
                      [--pinned] [--halt-poll NS] [STEP...]

BUILD is a build folder with the benchmarks in it (release, or the ratios mean nothing), FOLDER lies
on the disk to compare with; root, for dropping caches (sides.py). The kernel has to offer io_uring
(tests/support/with_uring.sh), or that side is left out. --pinned: client and daemons share one CPU.
--halt-poll: for the run, a guest's idle CPUs look for work for up to NS before they halt.
"""
import argparse
import os
import shutil
import statistics
import subprocess

from sides import drop_caches, halt_poll, measure_mounts, pin, timed, turned, uring_is_offered

# in this order: name, what it is, what is asked for of it over io_uring, of the project's own aims
STEPS = [
    ("create", "create, write 100 bytes, close", 0.9),
    ("stat", "stat, warm", None),
    ("cat", "open, read, close, warm", None),
    ("cat(1)", "cat(1), warm", None),
    ("du", "walk with stat, warm", None),
    ("cold", "open, read, close, caches dropped", 4),
    ("append", "append 100 bytes", 0.35),
    ("rename", "rename", 0.6),
    ("overwrite", "truncate, write 100 bytes, close", 5),
    ("list", "list the folder, warm", 3),
    ("cold list", "list the folder, caches dropped", 2),
    ("ls -l", "ls -l, caches dropped", 2),
    ("cp -r", "cp -r", 0.8),
    ("grep -r", "grep -r, caches dropped", 3),
    ("rm -rf", "rm -rf", 3),
    ("fsync", "create, write, fsync, close", 1.2),
    ("fsync 8", "the same, 8 threads", 2),
    ("unlink", "unlink", 4),
    ("mkdir", "mkdir", 1.2),
    ("rmdir", "rmdir", 4),
]
WARM = ("stat", "cat", "cat(1)", "du", "list")
COLD = {"cold": "cat", "cold list": "list", "ls -l": "ls -l", "grep -r": "grep -r"}
FSYNC_SHARE = 20  # a disk takes a millisecond for each: so many times fewer files


def quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Client:
    def __init__(self, build, files):
        self.program, self.files = os.path.join(build, "tests/bench/file_ops"), files
        self.commands = {
            "ls -l": lambda side: quietly("ls", "-l", side.path("files")),
            "cp -r": lambda side: quietly("cp", "-r", side.path("files"), side.path("copy")),
            "grep -r": lambda side: quietly("grep", "-r", "-c", "value", side.path("copy")),
            "rm -rf": lambda side: quietly("rm", "-rf", side.path("copy")),
            "cat(1)": lambda side: self.cat_all(side.path("files")),
        }

    def run(self, step, side):
        """Seconds a file."""
        if step in self.commands:
            return timed(self.commands[step], side) / self.files
        if step.startswith("fsync"):
            return self.synced(side, step[6:] or "1")
        return self.operate(step, side, self.files)

    def operate(self, step, side, count, threads="1"):
        output = subprocess.run([self.program, step, side.folder, str(count), threads], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        return float(output.split()[0]) / count

    def synced(self, side, threads):
        count = max(self.files // FSYNC_SHARE, 64)
        seconds = self.operate("fsync", side, count, threads)
        shutil.rmtree(side.path("synced"))
        return seconds

    def cat_all(self, folder):
        names = b"".join(b"name%08d\0" % i for i in range(self.files))
        subprocess.run(["xargs", "-0", "cat"], cwd=folder, input=names, check=True,
                       stdout=subprocess.DEVNULL)


def measure_step(client, step, side):
    if step in COLD:
        drop_caches()
    if step in WARM:
        client.run(step, side)
    return client.run(COLD.get(step, step), side)


def show_table(steps, mounts, plain, seconds):
    def cell(side, step):
        ratios = [p / s for p, s in zip(seconds[plain.name, step], seconds[side.name, step])]
        micros = statistics.median(seconds[side.name, step]) * 1e6
        return f"{micros:.1f} | {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"

    print("\n| | plain us | " + " | ".join(f"{m.name} us | ratio" for m in mounts) + " | aim |")
    print("|---" * (3 + 2 * len(mounts)) + "|")
    for step, what, wanted in steps:
        micros = statistics.median(seconds[plain.name, step]) * 1e6
        print(f"| {what} | {micros:.1f} | " + " | ".join(cell(m, step) for m in mounts) +
              f" | {wanted or ''} |", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--folder", default=None)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", default="")
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--halt-poll", type=int, metavar="NS")
    parser.add_argument("steps", nargs="*", metavar="STEP")
    arguments = parser.parse_intermixed_args()
    names = [step[0] for step in STEPS]
    for step in arguments.steps:
        if step not in names:
            parser.error(f"no step {step}: there are {', '.join(names)}")
    return arguments


def main():
    arguments = parse()
    client = Client(arguments.build, arguments.files)
    steps = [step for step in STEPS if not arguments.steps or step[0] in arguments.steps]
    ways = ["classic", "uring"] if uring_is_offered() else ["classic"]
    options = {way: f"fuse.transport={way},{arguments.options}".rstrip(",") for way in ways}

    def work(plain, mounts):
        if arguments.pinned:
            for pid in [os.getpid()] + [mount.pid for mount in mounts]:
                pin(pid, "0")
        seconds = {(side.name, step): [] for side in [plain] + mounts for step, _, _ in steps}
        for turn in range(arguments.rounds):
            for step, _, _ in steps:
                for side in turned([plain] + mounts, turn):
                    seconds[side.name, step].append(measure_step(client, step, side))
                print(f"  {turn + 1} {step}: " + ", ".join(
                    f"{side.name} {seconds[side.name, step][-1] * 1e6:.1f} us"
                    for side in [plain] + mounts), flush=True)
        show_table(steps, mounts, plain, seconds)

    with halt_poll(arguments.halt_poll):
        measure_mounts(arguments.build, arguments.folder, options, work)


main()
