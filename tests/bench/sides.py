"""What the benchmarks of files share: a folder on the mount and one beside it on the same disk.

The two sides take turns, so that a machine whose speed drifts does so for both; each ratio is the
median of the rounds' ratios, with its smallest and largest.
"""
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


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
    def __init__(self, build, folder, options, name="apexfs"):
        super().__init__(name, os.path.join(folder, name + ".mnt"))
        self.build, self.store, self.options = build, os.path.join(folder, name + ".store"), options
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


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as drop:
        drop.write("3")


def show(what, ratios):
    print(f"{what:42} {statistics.median(ratios):6.2f} x  ({min(ratios):.2f} to {max(ratios):.2f})",
          flush=True)


def pin(pid, cpus):
    subprocess.run(["taskset", "-a", "-p", "-c", cpus, str(pid)], check=True,
                   stdout=subprocess.DEVNULL)


def unpin(pid):
    pin(pid, f"0-{os.cpu_count() - 1}")


def turns(plain, mount, turn):
    """Who goes first changes."""
    return (plain, mount) if turn % 2 else (mount, plain)


def turned(sides, turn):
    """As that, for any number of sides."""
    first = turn % len(sides)
    return sides[first:] + sides[:first]


def uring_is_offered():
    try:
        with open("/sys/module/fuse/parameters/enable_uring", encoding="ascii") as parameter:
            return parameter.read().startswith("Y")
    except OSError:
        return False


@contextlib.contextmanager
def halt_poll(ns):
    """A guest's idle CPUs look for work for up to so long before they halt; None: as it is."""
    path = "/sys/module/haltpoll/parameters/guest_halt_poll_ns"
    if ns is None:
        yield
        return
    with open(path, "r+", encoding="ascii") as parameter:
        before = parameter.read()
    try:
        with open(path, "w", encoding="ascii") as parameter:
            parameter.write(str(ns))
        yield
    finally:
        with open(path, "w", encoding="ascii") as parameter:
            parameter.write(before)


def measure_mounts(build, folder, options, work):
    """Call work(plain, mounts) with a mount for each name of `options`, and leave nothing behind."""
    if os.geteuid() != 0:
        sys.exit("root only: caches are dropped")
    folder = tempfile.mkdtemp(prefix="apexfs-bench.", dir=folder)
    mounts = []
    try:
        plain = Side("plain", os.path.join(folder, "plain"))
        for name, words in options.items():
            mounts.append(Mount(build, folder, words, name))
        print("ratios: to the plain folder, more is better")
        work(plain, mounts)
    finally:
        for mount in mounts:
            mount.unmount()
        shutil.rmtree(folder)


def measure(build, folder, options, work):
    """Call work(plain, mount, scratch folder), and leave nothing behind."""
    measure_mounts(build, folder, {"apexfs": options},
                   lambda plain, mounts: work(plain, mounts[0], os.path.dirname(plain.folder)))
