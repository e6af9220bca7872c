# SPDX-License-Identifier: GPL-2.0-only
"""judge - what the judges of tests/vm share

A judge compares what an independent observer saw in the guest (evread, tap,
uplay's own word) with what candord stored, and prints one line for each thing
it found to hold; `check` raises Guilty on the first that does not.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
CANDOR = os.path.join(ROOT, ".output/candor")
PROTO = os.path.join(ROOT, "proto/candor.proto")

EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_MSC, EV_LED, EV_REP = 0, 1, 2, 3, 4, 17, 20
SYN_REPORT, SYN_DROPPED = 0, 3
# What candor leaves out by design, at every level.
UNRECORDED = (EV_MSC, EV_LED, EV_REP)
# The core's smallest buffer: a report of 1 after fewer values is autorepeat's
# and ends its packet.
EARLY_FLUSH_MIN = 8


class Guilty(Exception):
    pass


def check(holds, text):
    if not holds:
        raise Guilty(text)


Event = collections.namedtuple("Event", "device us type code value")
# values: (type, code, value); parts: how many reports the core passed on;
# cut: its own report was swallowed, the core passed on early flushes alone.
Packet = collections.namedtuple("Packet", "us values parts cut")


class Reader:
    """What evread wrote: `events` in order, `names` of devices by N."""

    def __init__(self, path):
        self.events = []
        self.names = {}
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                words = line.split(maxsplit=4 if line[0] == "#" else -1)
                if words[0] != "#":
                    _, device, us, type_, code, value = words
                    self.events.append(Event(int(device[5:]), int(us),
                                             int(type_), int(code),
                                             int(value)))
                elif words[1] == "+":
                    self.names[int(words[3][5:])] = \
                        words[4].strip() if len(words) > 4 else ""
        self.lossy = {e.device for e in self.events
                      if (e.type, e.code) == (EV_SYN, SYN_DROPPED)}

    def device(self, name):
        found = [n for n, other in self.names.items() if other == name]
        check(len(found) == 1, f"{len(found)} devices are named '{name}'")
        return found[0]

    def packets(self, keep=lambda event: True):
        """{device: [Packet]} of the events that @keep says, without what is
        unrecorded by design; a packet of nothing else is none."""
        out = {}
        by_device = collections.defaultdict(list)
        for event in self.events:
            if keep(event):
                by_device[event.device].append(event)
        for device, events in by_device.items():
            check(device not in self.lossy, f"the reader itself lost events "
                  f"of {self.names[device]}: no ground truth")
            packets = [p for p in group(events) if p.values]
            if packets:
                out[device] = packets
        return out


def group(events):
    """The packets of one device's events, in order."""
    packets = []
    values, piece, parts, us = [], 0, 0, None

    def end(cut):
        packets.append(Packet(us, [v for v in values
                                   if v[0] not in UNRECORDED], parts, cut))

    for event in events:
        # After an early flush the packet goes on under the same stamp; under
        # another one its report has been swallowed.
        if parts and not piece and event.us != us:
            end(True)
            values, parts = [], 0
        us = event.us
        if (event.type, event.code) != (EV_SYN, SYN_REPORT):
            values.append((event.type, event.code, event.value))
            piece += 1
            continue
        parts += 1
        early = event.value == 1 and piece >= EARLY_FLUSH_MIN
        piece = 0
        if not early:
            end(False)
            values, parts = [], 0
    if values:
        end(True)
    return packets


class Segment:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        p = subprocess.run([CANDOR, "show", "--json", path], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False)
        check(p.returncode == 0,
              f"candor show {self.name} exits with {p.returncode}: {p.stderr}")
        self.lines = [json.loads(line) for line in p.stdout.splitlines()]
        check(len(self.lines) >= 2 and self.lines[0]["kind"] == "header" and
              self.lines[-1]["kind"] == "trailer",
              f"{self.name} does not go from a header to a trailer")
        self.header, *self.rows, self.trailer = self.lines
        self.level = self.header["level"]

    def of(self, *kinds):
        return [row for row in self.rows if row["kind"] in kinds]

    def frames(self):
        """The bytes that LZ4 holds."""
        return subprocess.run(["lz4", "-dc", self.path], check=True,
                              stdout=subprocess.PIPE).stdout

    def as_text(self):
        """What stock tools make of it."""
        p = subprocess.run(
            ["protoc", "--decode=candor.v1.Segment", "-I",
             os.path.dirname(PROTO), PROTO], input=self.frames(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        check(p.returncode == 0 and p.stdout,
              f"protoc --decode of {self.name}: {p.stderr.decode()}")
        return p.stdout.decode()


class Kept:
    """The folder that a run left."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "out")
        self.reader = Reader(self.path("evdev.log"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def marks(self):
        """{name: microseconds}, of the lines `NAME TIME` in out/marks."""
        return {name: int(us) for name, us in
                (line.split() for line in self.text("marks").splitlines())}

    def tapped(self, name):
        """{device: Counter of (type, code)} of every value slot in a tap's
        file, whether it counts or not."""
        out = collections.defaultdict(collections.Counter)
        lines = self.text(f"{name}.tap").splitlines()
        check(lines and lines[-1] == "lost 0", f"tap {name}: {lines[-1:]}")
        for line in lines:
            if not re.match(r"input\d+ seq=", line):
                continue
            words = line.split()
            for value in words[6:]:
                type_, code, _ = map(int, value.split(":"))
                out[int(words[0][5:])][type_, code] += 1
        return out

    def segments(self, level=None):
        """In the order of their numbers; none is left open."""
        spool = self.path("spool/1000")
        left = glob.glob(os.path.join(spool, "*.part"))
        check(not left, f"unsealed: {left}")
        found = [Segment(path) for path in
                 sorted(glob.glob(os.path.join(spool, "*.pb.lz4")))]
        found.sort(key=lambda segment: segment.header["seq"])
        found = [s for s in found if not level or s.level == level]
        check(found, f"no segment{' at level ' + level if level else ''}")
        return found


def stored_packets(segments):
    """{device: [Packet]} of a demonstration, in the order of the files."""
    out = collections.defaultdict(list)
    for segment in segments:
        for row in segment.rows:
            if "values" in row:
                out[row["device"]].append(Packet(
                    row["monotonic_ns"] // 1000,
                    [(v["type"], v["code"], v["value"])
                     for v in row["values"]], None, None))
    return dict(out)


def sum_ledgers(segments):
    """{device: counts} over all segments; each must balance by itself."""
    out = {}
    for segment in segments:
        for row in segment.trailer["ledger"]:
            check(row["balanced"], f"{segment.name}: input{row['device']} "
                  "is said not to balance")
            if "seen" not in row:
                continue
            lost = sum(row["lost"].values())
            check(row["seen"] == row["written"] + row["merged"] +
                  row["suppressed"] + lost,
                  f"{segment.name}: it does not balance: {row}")
            total = out.setdefault(row["device"], collections.Counter())
            total.update({k: row[k] for k in ("seen", "written", "merged",
                                              "suppressed")})
            total.update(row["lost"])
    return out


def same_packets(want, got, names):
    """That @got is @want: every packet once, in order, with stamp, types,
    codes and values, and nothing else. Says the first difference."""
    for device in sorted(set(want) | set(got)):
        a, b = want.get(device, []), got.get(device, [])
        name = f"input{device} ({names.get(device, '?')})"
        for i, (x, y) in enumerate(zip(a, b)):
            check((x.us, x.values) == (y.us, y.values),
                  f"{name}, packet {i}: evdev saw {x.us} {x.values}, "
                  f"stored is {y.us} {y.values}")
        rest = (a if len(a) > len(b) else b)[min(len(a), len(b)):]
        check(not rest, f"{name}: evdev saw {len(a)} packets, stored are "
              f"{len(b)}; the first without its like: {rest[:1]}")


def planted(want, got, names):
    """That same_packets() would have noticed, had anything differed."""
    device = max(got, key=lambda n: len(got[n]))
    good = got[device]
    at = len(good) // 2
    packet = good[at]
    last = packet.values[-1]
    bad = {
        "a packet is missing": good[:at] + good[at + 1:],
        "a packet stands twice": good[:at] + good[at:at + 1] + good[at:],
        "the last is missing": good[:-1],
        "two have changed places": good[:at] + [good[at + 1], packet] +
        good[at + 2:],
        "a stamp is one microsecond off": good[:at] + [packet._replace(
            us=packet.us + 1)] + good[at + 1:],
        "a value is off": good[:at] + [packet._replace(
            values=packet.values[:-1] + [(last[0], last[1], last[2] + 1)])] +
        good[at + 1:],
        "a value is missing": good[:at] + [packet._replace(
            values=packet.values[:-1])] + good[at + 1:],
    }
    for what, packets in bad.items():
        try:
            same_packets(want, {**got, device: packets}, names)
        except Guilty:
            continue
        raise Guilty(f"the comparison does not notice when {what}")


def main(judge):
    """Runs @judge on the folder named on the command line."""
    try:
        judge(Kept(sys.argv[1]))
    except Guilty as e:
        print(e)
        sys.exit(1)
