#!/usr/bin/env python3
"""Records of all byte values, in key order, in the forms that apexkv imports.

usage: records.py kv|tsv|json|nul COUNT [SEED]

An encoder of its own, so that what apexkv reads and writes is held against the forms as they are
documented, and not only against itself.
"""
import random
import sys

LETTERS = {0x5C: b"\\\\", 0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r"}


def escape_table(also):
    table = []
    for byte in range(256):
        if byte in LETTERS:
            table.append(LETTERS[byte])
        elif 0x20 <= byte < 0x7F and byte not in also:
            table.append(bytes([byte]))
        else:
            table.append(b"\\x%02x" % byte)
    return table


PLAIN = escape_table(b"")
KEY = escape_table(b"=")


def escape(table, text):
    return b"".join([table[byte] for byte in text])


def kv(key, value):
    start = b""
    if key[:1] == b"#":
        start, key = b"\\x23", key[1:]
    return start + escape(KEY, key) + b"=" + escape(PLAIN, value) + b"\n"


def tsv(key, value):
    return escape(PLAIN, key) + b"\t" + escape(PLAIN, value) + b"\n"


def member(name, text):
    try:
        shown = text.decode("utf-8")
    except UnicodeDecodeError:
        return f'"{name}_hex":"{text.hex()}"'
    shown = "".join(
        "\\" + c if c in '"\\' else f"\\u{ord(c):04x}" if ord(c) < 0x20 else c for c in shown)
    return f'"{name}":"{shown}"'


def json(key, value):
    return f'{{{member("key", key)},{member("value", value)}}}\n'.encode("utf-8")


def nul(key, value):
    def within(text):
        return text.replace(b"\\", b"\\\\").replace(b"\0", b"\\0")

    return within(key) + b"\0" + within(value) + b"\0"


def main():
    form = {"kv": kv, "tsv": tsv, "json": json, "nul": nul}[sys.argv[1]]
    count = int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    keys = set()
    while len(keys) < count:
        # each byte value begins some keys; half of them are text
        head = bytes([len(keys) % 256]) + rng.randbytes(rng.randrange(6))
        keys.add(head + (b"\xc3\xa4%d" % len(keys)))
    out = sys.stdout.buffer
    for n, key in enumerate(sorted(keys)):
        value = rng.randbytes(n % 40) if n % 2 else b"value \xe2\x82\xac \\ \" %d" % n
        out.write(form(key, value))


if __name__ == "__main__":
    main()
