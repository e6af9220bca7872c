#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Damage of every kind: a segment cut off at each byte, with each of its bits
# flipped, and LZ4 and frames that claim what no memory holds. verify accepts
# none, neither verify nor show ends by a signal or needs more than 300 MB, and
# show prints no row that the whole segment does not have.
set -u

cd "$(dirname "$0")/.." || exit 1
exec python3 - "${CANDOR:-.output/candor}" <<'END'
import json
import os
import resource
import subprocess
import sys
import tempfile

CANDOR = os.path.abspath(sys.argv[1])
GOLDEN = "tests/golden/"
MEMORY = 300 << 20
BATCH = 500
failed = 0


def fail(text):
    global failed
    failed = 1
    print("bad-segments:", text)


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


def candor(*args):
    p = subprocess.run([CANDOR, *args], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, preexec_fn=limit, check=False)
    if p.returncode < 0:
        fail(f"candor {args[0]}: signal {-p.returncode}, of {args[-1]}")
    return p.returncode, p.stdout.decode(errors="replace").splitlines(), \
        p.stderr.decode(errors="replace").splitlines()


def refused(folder, cases, rows):
    """Each of @cases, name -> bytes, is refused in one line of its own."""
    names = []
    for name, data in cases.items():
        names.append(os.path.join(folder, name))
        with open(names[-1], "wb") as f:
            f.write(data)
    for at in range(0, len(names), BATCH):
        some = names[at:at + BATCH]
        status, out, err = candor("verify", *some)
        if status != 1 or err or len(out) != len(some):
            fail(f"verify of {len(some)} files: exit {status}, "
                 f"{len(out)} lines, {err[:2]}")
        for line in out:
            if ": byte " not in line:
                fail(f"accepted: {line}")
        status, out, err = candor("show", "--json", *some)
        if status != 1 or len(err) != len(some):
            fail(f"show of {len(some)} files: exit {status}, "
                 f"{len(err)} lines on stderr")
        if rows is not None:
            for line in set(out) - rows:
                fail(f"a row that was never stored: {line}")
    for name in names:
        os.unlink(name)
    return len(names)


def damaged(data):
    cases = {f"cut-{n}": data[:n] for n in range(len(data))}
    for n in range(len(data)):
        for bit in range(8):
            copy = bytearray(data)
            copy[n] ^= 1 << bit
            cases[f"flip-{n}-{bit}"] = bytes(copy)
    return cases


def packed(plain, *options):
    """An LZ4 frame such as a segment is."""
    return subprocess.run(["lz4", "-zc", "--no-sparse", "-BX", *options],
                          input=plain, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL).stdout


def greedy():
    head = packed(b"")[:7]
    huge = b"\x0a\xff\xff\xff\xff\x0f"
    return {
        "block-of-2-gib": head + b"\xff\xff\xff\x7f" + b"x" * 100,
        "stored-block-of-2-gib": head + b"\xff\xff\xff\xff" + b"x" * 100,
        "frame-of-4-gib": packed(huge + b"x" * 100),
        "frame-of-16-eib": packed(b"\x0a" + b"\xff" * 9 + b"\x01"),
        "endless-varint": packed(b"\x0a" + b"\xff" * 1000),
        "zeroes-of-1-gib": packed(b"\0" * (1 << 20)) * 3 +
                           packed(b"\0" * (256 << 20)),
        "frame-of-200-mib": packed(b"\x0a\x80\x80\x80\x64" +
                                   b"\0" * (200 << 20)),
        "text": b"Dear reader,\n" * 1000,
        "nothing-in-it": packed(b""),
        "foreign-protobuf": packed(b"\x08\x96\x01\x12\x07testing"),
        "no-checksums": subprocess.run(
            ["lz4", "-zc", "--no-frame-crc"], input=b"\x0a\x00",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=True).stdout,
    }


def main():
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("actions", "demonstration", "example"):
            with open(GOLDEN + name + ".pb.lz4", "rb") as f:
                data = f.read()
            with open(GOLDEN + name + ".json", encoding="utf-8") as f:
                rows = set(f.read().splitlines())
            if candor("verify", GOLDEN + name + ".pb.lz4")[0]:
                fail(f"{name}: the whole one is refused too")
            # What is cut off at 0 bytes is the empty file.
            count += refused(folder, damaged(data), rows)
        count += refused(folder, greedy(), None)
    if count < 1000:
        fail(f"only {count} cases")
    print(f"bad-segments: {count} bad files")
    return failed


sys.exit(main())
END
