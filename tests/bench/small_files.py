#!/usr/bin/env python3
"""Small files on a mount against a plain folder on the same disk: the table of README.

usage: small_files.py BUILD [--folder FOLDER] [--files 20000] [--rounds 5] [--options OPTIONS]

BUILD is a build folder with the benchmarks in it (release, or the ratios mean nothing), FOLDER lies
on the disk to compare with; root, for dropping caches (sides.py). Client and daemon share one CPU:
then a request costs the same each time, which it does not between two.
"""
import argparse
import os
import subprocess

from sides import drop_caches, measure, pin, show, timed, turns

# in this order; what is asked for of each, of the project's own aims
STEPS = [
    ("create", "create, write 100 bytes, close", 0.6),
    ("stat", "stat, warm", 0.8),
    ("cat", "open, read, close, warm", None),
    ("cat(1)", "cat(1), warm", 0.8),
    ("du", "walk with stat, warm", 0.8),
    ("cold", "open, read, close, caches dropped", 2),
    ("overwrite", "truncate, write 100 bytes, close", 3),
    ("list", "list the folder, warm", 2),
    ("cold list", "list the folder, caches dropped", None),
    ("unlink", "unlink", 3),
    ("mkdir", "mkdir", None),
    ("rmdir", "rmdir", 3),
]
WARM = ("stat", "cat", "cat(1)", "du", "list")
COLD = {"cold": "cat", "cold list": "list"}


class Client:
    def __init__(self, build, files):
        self.program, self.files = os.path.join(build, "tests/bench/file_ops"), files

    def run(self, step, side):
        """Seconds for all the files."""
        if step == "cat(1)":
            return timed(self.cat_all, os.path.join(side.folder, "files"))
        output = subprocess.run([self.program, step, side.folder, str(self.files)], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        return float(output)

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


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--folder", default=None)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", default="")
    arguments = parser.parse_args()
    client = Client(arguments.build, arguments.files)

    def work(plain, mount, folder):
        del folder
        pin(mount.pid, "0")
        pin(os.getpid(), "0")
        ratios = {step: [] for step, _, _ in STEPS}
        micros = {}
        for turn in range(arguments.rounds):
            for step, _, _ in STEPS:
                for side in turns(plain, mount, turn):
                    micros[side.name] = measure_step(client, step, side) / arguments.files * 1e6
                ratios[step].append(micros["plain"] / micros["apexfs"])
                print(f"  {step}: plain {micros['plain']:.1f} us, apexfs {micros['apexfs']:.1f} us",
                      flush=True)
        for step, what, wanted in STEPS:
            show(what + (f" (>= {wanted})" if wanted else ""), ratios[step])

    measure(arguments.build, arguments.folder, arguments.options, work)


main()
