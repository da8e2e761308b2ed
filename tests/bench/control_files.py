#!/usr/bin/env python3
"""What goes through the control files of a mount: imports by .apex/batch, searches in all keys.

usage: control_files.py BUILD [--folder FOLDER] [--keys 1000000] [--loop 20000] [--rounds 5]
                        [--options OPTIONS]

BUILD is a build folder (release, or the numbers mean nothing); the store lies in a new folder in
FOLDER. Printed are medians, with the smallest and the largest.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile

from sides import Mount, timed

HITS = 100  # of a search by prefix


def spread(values):
    return f"{statistics.median(values):12.4g}   {min(values):.4g} to {max(values):.4g}"


def report(name, unit, values):
    print(f"{name:46} {spread(values)} {unit}", flush=True)


def write_lines(path, form, keys):
    """A line for each record; those of a number without its last two digits are HITS."""
    with open(path, "w", encoding="ascii") as lines:
        for number in range(keys):
            lines.write(form.format(number) + "\n")


def memory_bytes(mount):
    with open(f"/proc/{mount.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024


def read_all(path):
    with open(path, "rb") as file:
        return file.read()


def copy(source, target):
    subprocess.run(["cp", source, target], check=True)


def stage(source, mount):
    copy(source, mount.path(".apex/batch.d/bench"))
    os.rename(mount.path(".apex/batch.d/bench"), mount.path(".apex/batch"))


def pipe(source, mount):
    with open(source, "rb") as lines, open(mount.path(".apex/batch"), "wb") as batch:
        subprocess.run(["sed", ""], stdin=lines, stdout=batch, check=True)


def loop(mount, count):
    script = 'i=0; while [ $i -lt "$1" ]; do echo "value of record $i" >$i; i=$((i + 1)); done'
    os.makedirs(mount.path("loop"))
    subprocess.run(["sh", "-c", script, "sh", str(count)], cwd=mount.path("loop"), check=True)
    shutil.rmtree(mount.path("loop"))


def measure_imports(mount, scratch, arguments):
    lines, keys = os.path.join(scratch, "lines"), arguments.keys
    imports = {
        "cp LINES .apex/batch": lambda: copy(lines, mount.path(".apex/batch")),
        "sed '' LINES >.apex/batch": lambda: pipe(lines, mount),
        "cp LINES .apex/batch.d/x; mv x to batch": lambda: stage(lines, mount),
    }
    report("while ...; do echo >FILE; done", "files/s",
           [arguments.loop / timed(loop, mount, arguments.loop) for _ in range(arguments.rounds)])
    for index, (name, run) in enumerate(imports.items()):
        rates = []
        for turn in range(arguments.rounds):
            key = f"import/{index}/{turn}/{{0:09}}"
            write_lines(lines, key + "=value of record {0}", keys)
            rates.append(keys / timed(run))
            write_lines(lines, "del\t" + key, keys)
            copy(lines, mount.path(".apex/batch"))
        report(name, "lines/s", rates)
    os.unlink(lines)


def measure_searches(mount, scratch, arguments):
    lines, keys = os.path.join(scratch, "lines"), arguments.keys
    write_lines(lines, "found/{0:09}=value of record {0}", keys)
    copy(lines, mount.path(".apex/batch"))
    with open(mount.path(".apex/ctl"), "w", encoding="ascii") as ctl:
        ctl.write("compact\n")
    number = f"{keys // 2:09}"
    searches = [
        (f"prefix, {HITS} hits", f"prefix/found%2F{number[:-2]}", 1000, "ms"),
        ("substring, one hit", f"substring/{number}", 1, "keys/s"),
        ("value, one hit", f"value/record {keys // 2}", 1, "keys/s"),
    ]
    for name, path, factor, unit in searches:
        path = mount.path(".apex/search/" + path)
        read_all(path)  # warm
        before = memory_bytes(mount)
        times = [timed(read_all, path) for _ in range(arguments.rounds)]
        report(name, unit, [t * factor if unit == "ms" else keys / t for t in times])
        print(f"{'':46} {(memory_bytes(mount) - before) / 2**20:12.1f}   MiB more memory")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--loop", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--options", default="")
    arguments = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="apexfs-bench.", dir=arguments.folder)
    mount = Mount(arguments.build, scratch, arguments.options)
    try:
        measure_imports(mount, scratch, arguments)
        measure_searches(mount, scratch, arguments)
    finally:
        mount.unmount()
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
