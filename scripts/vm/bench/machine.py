# SPDX-License-Identifier: GPL-2.0-only
"""One QEMU process: its devices, its channels, its console, its end."""

import ctypes
import json
import os
import re
import selectors
import signal
import socket
import subprocess
import time

from . import Failure

BOOT_SECONDS = 120

# Any of these on the console fails a scenario.
TROUBLE = re.compile(
    r"WARNING: |\bBUG: |kernel BUG|Oops|Kernel panic|Call Trace"
    r"|general protection fault|blocked for more than|possible deadlock"
    r"|INFO: (task|rcu|suspicious|possible|trying to register|inconsistent)"
    r"|\bKASAN|\bKCSAN|\bUBSAN|\bODEBUG|refcount_t:|corruption|kmemleak: \d"
    r"|sleeping function called|scheduling while atomic|DEBUG_LOCKS"
    r"|Out of memory|detected stall|init: cannot|agent: |evread: ")


def _die_with_parent():
    """In the child: no QEMU outlives its runner, however that one ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.setpgrp()


class Device:
    """An input device of the VM. @display: the display it is bound to, so
    that QMP can address it. PS/2 gets what names no bound device; so does a
    USB mouse, which QEMU binds to none: @index tells these two apart."""

    def __init__(self, name, bus, kind, driver=None, display=None):
        self.name = name
        self.bus = bus
        self.kind = kind
        self.driver = driver
        self.display = display
        self.index = None  # among QEMU's mice
        self.event = None  # eventN in the guest; None: not there
        self.axes = {}
        self.expected = []
        self.counts = {"packets": 0, "presses": 0, "releases": 0,
                       "repeats": 0, "values": 0}

    def is_it(self, bus, uniq, name):
        if self.bus == "ps2":
            return bus == 0x11 and \
                ("keyboard" in name.lower()) == (self.kind == "keyboard")
        return uniq == self.name

    def qemu(self):
        bus = ",bus=xhci.0" if self.bus == "usb" else ""
        display = f",display={self.display}" if self.display else ""
        return (f"{self.driver},id={self.name},serial={self.name}"
                f"{display}{bus}")


def base_devices():
    out = [Device("ps2-keyboard", "ps2", "keyboard"),
           Device("ps2-mouse", "ps2", "mouse")]
    for bus, names in (("usb", ("usb-kbd", "usb-mouse", "usb-tablet")),
                       ("virtio", ("virtio-keyboard-pci", "virtio-mouse-pci",
                                   "virtio-tablet-pci"))):
        for kind, driver in zip(("keyboard", "mouse", "tablet"), names):
            name = f"{bus}-{kind}"
            out.append(Device(name, bus, kind, driver,
                              display_of(driver, name)))
    return out


def display_of(driver, name):
    return None if driver == "usb-mouse" else f"d-{name}"


class Machine:
    """@plugs: names of devices that will be plugged in, each of which needs a
    display to be bound to from the start."""

    def __init__(self, kernel, initramfs, disk, folder, options, plugs,
                 deadline):
        self.kernel = kernel
        self.initramfs = initramfs
        self.disk = disk
        self.console_path = os.path.join(folder, "console.log")
        self.truth_path = os.path.join(folder, "evdev.log")
        self.options = options
        self.deadline = deadline
        self.devices = {d.name: d for d in base_devices()}
        self.spares = [f"d-{name}" for name in plugs]
        self.process = None
        self._console_at = 0
        self._console_rest = ""
        self._truth = None

    # --- its start and end

    def _arguments(self, ports):
        o = self.options
        args = ["qemu-system-x86_64", "-nodefaults", "-no-user-config",
                "-machine", "pc,hpet=off,usb=off", "-accel",
                "tcg,thread=" + o.threads, "-cpu", "qemu64,+rdrand",
                "-smp", "2", "-m", str(o.memory), "-display", "none",
                "-vga", "none", "-nic", "none", "-no-reboot",
                "-kernel", self.kernel, "-initrd", self.initramfs,
                "-append", "console=ttyS0 loglevel=5 panic=-1 tsc=reliable "
                "oops=panic mitigations=off " + o.kernel_args,
                "-drive", f"file={self.disk},format=raw,if=none,id=out",
                "-device", "virtio-blk-pci,drive=out",
                "-chardev", f"file,id=console,path={self.console_path},"
                "append=on", "-serial", "chardev:console",
                "-device", "virtio-serial-pci",
                "-device", "qemu-xhci,id=xhci"]
        for name, sock in ports.items():
            args += ["-chardev", f"socket,id={name},fd={sock.fileno()}"]
        args += ["-mon", "chardev=qmp,mode=control"]
        for name in ("agent", "evread"):
            args += ["-device",
                     f"virtserialport,chardev={name},name=candor.{name}"]
        for device in self.devices.values():
            if device.display and device.display not in self.spares:
                args += self._display(device.display)
        for display in self.spares:
            args += self._display(display)
        for device in self.devices.values():
            if device.driver:
                args += ["-device", device.qemu()]
        return args

    @staticmethod
    def _display(name):
        return ["-device", f"secondary-vga,id={name},vgamem_mb=1,romfile="]

    def start(self):
        """Boots; returns when the agent and every input device are there."""
        ends = {n: socket.socketpair() for n in ("qmp", "agent", "evread")}
        theirs = {n: pair[1] for n, pair in ends.items()}
        self._truth = open(self.truth_path, "a", encoding="ascii")
        self._reset()
        self.process = subprocess.Popen(
            self._arguments(theirs), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=[s.fileno() for s in theirs.values()],
            preexec_fn=_die_with_parent)
        for name, (ours, other) in ends.items():
            other.close()
            ours.setblocking(False)
            self._sockets[name] = ours
            self._selector.register(ours, selectors.EVENT_READ, name)
        self.qmp("qmp_capabilities")
        self.index_mice()
        self.wait(lambda: self._ready, BOOT_SECONDS, "the boot")
        self.wait(lambda: all(d.event for d in self.devices.values()), 20,
                  lambda: "input devices: " + " ".join(
                      d.name for d in self.devices.values() if not d.event))

    def _reset(self):
        self._selector = selectors.DefaultSelector()
        self._sockets = {}
        self._buffers = {"qmp": b"", "agent": b"", "evread": b""}
        self._answers = []
        self._qmp_answers = []
        self._ready = False
        self.done = None
        for device in self.devices.values():
            device.event = None
            device.axes = {}
            device.expected = []

    def kill(self):
        """Ends QEMU at once; nothing happens if it has ended."""
        if self.process:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            self.process.stderr.close()
            self.process = None
            for sock in self._sockets.values():
                sock.close()
            self._selector.close()
            self._truth.close()

    def finish(self):
        """Clean power-off; the guest must say that it is done."""
        self._send("agent", {"finish": True})
        self.wait(lambda: self.done, 30, "the guest's last word")
        if not self.done.get("unmounted"):
            raise Failure("the guest could not unmount /out")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            raise Failure("the guest did not power off") from None
        self._read_console()

    def salvage(self):
        """After a failure: lets the guest write its files out if it can."""
        try:
            self.deadline = time.monotonic() + 15
            if self.process and self.process.poll() is None:
                self.finish()
        except Failure:
            pass

    # --- what goes to and fro

    def wait(self, condition, seconds, what):
        """Until @condition holds; Failure naming @what after @seconds."""
        limit = min(time.monotonic() + seconds, self.deadline)
        while True:
            value = condition()
            if value:
                return value
            now = time.monotonic()
            if now >= limit:
                name = what() if callable(what) else what
                if now >= self.deadline:
                    raise Failure(f"the scenario's time is over, waiting for "
                                  f"{name}")
                raise Failure(f"waited {seconds} s for {name}")
            self._pump(min(0.1, limit - now))

    def idle(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if time.monotonic() >= self.deadline:
                raise Failure("the scenario's time is over")
            self._pump(min(0.1, left))

    def _pump(self, seconds):
        for key, _ in self._selector.select(seconds):
            self._receive(key.data)
        self._read_console()
        if self.process.poll() is not None and not self.done:
            self._read_console()
            error = self.process.stderr.read().decode(errors="replace")
            raise Failure("the VM ended by itself" +
                          (f": {error.strip()}" if error.strip() else ""))

    def _receive(self, name):
        try:
            data = self._sockets[name].recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self._selector.unregister(self._sockets[name])
            return
        *lines, self._buffers[name] = (self._buffers[name] +
                                       data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            getattr(self, f"_on_{name}")(text)

    def _send(self, name, message):
        data = json.dumps(message).encode() + b"\n"
        sock = self._sockets[name]
        sock.setblocking(True)
        sock.settimeout(5)
        try:
            sock.sendall(data)
        except OSError as e:
            self._pump(0)
            raise Failure(f"channel {name}: {e}") from None
        finally:
            sock.setblocking(False)

    def _on_qmp(self, text):
        message = json.loads(text)
        if "return" in message or "error" in message:
            self._qmp_answers.append(message)

    def _on_agent(self, text):
        message = json.loads(text)
        if "ready" in message:
            self._ready = True
        elif "done" in message:
            self.done = message
        else:
            self._answers.append(message)

    def qmp(self, command, **arguments):
        self._send("qmp", {"execute": command, "arguments": arguments})
        answer = self.wait(lambda: self._qmp_answers, 10, f"QMP {command}")[0]
        self._qmp_answers.clear()
        if "error" in answer:
            raise Failure(f"QMP {command}: {answer['error']['desc']}")
        return answer["return"]

    def run(self, command):
        """Runs it in the guest; (exit status, output)."""
        self._send("agent", {"run": command})
        self.wait(lambda: self._answers, 1e9, "the guest's command to end")
        answer = self._answers.pop()
        return answer["exit"], answer["out"] or ""

    def index_mice(self):
        """Finds out QEMU's numbers of the mice that no display tells apart;
        those of a kind come in the order in which they were added."""
        mice = sorted(self.qmp("query-mice"), key=lambda m: m["index"])
        for bus, name in (("ps2", "QEMU PS/2 Mouse"),
                          ("usb", "QEMU HID Mouse")):
            found = [m["index"] for m in mice if m["name"] == name]
            ours = [d for d in self.devices.values()
                    if d.bus == bus and d.kind == "mouse"]
            for device, index in zip(ours, found):
                device.index = index

    def send_input(self, device, events):
        arguments = {"events": events}
        if device.display:
            arguments["device"] = device.display
        elif device.index is not None:
            self.qmp("human-monitor-command",
                     **{"command-line": f"mouse_set {device.index}"})
        self.qmp("input-send-event", **arguments)

    # --- console

    def _read_console(self):
        try:
            with open(self.console_path, "rb") as f:
                f.seek(self._console_at)
                data = f.read()
        except FileNotFoundError:
            return
        self._console_at += len(data)
        text = self._console_rest + data.decode(errors="replace")
        *lines, self._console_rest = text.split("\n")
        for line in lines:
            if TROUBLE.search(line):
                raise Failure(f"on the console: {line.strip()}")

    # --- what the evdev reader says

    def _on_evread(self, text):
        kind, event, *rest = text.split("\t")
        if kind == "+":
            self._device_came(event, *rest)
        elif kind == "-":
            self._device_went(event)
        elif kind == "p":
            self._packet(event, *rest)

    def _device_came(self, event, _input, bus, _phys, uniq, _kind, name):
        for device in self.devices.values():
            if not device.event and device.is_it(int(bus, 16), uniq, name):
                device.event = event
                return

    def _device_went(self, event):
        for device in self.devices.values():
            if device.event == event:
                device.event = None

    def _packet(self, event, input_, time_us, text):
        values = [tuple(map(int, v.split(":"))) for v in text.split()]
        for v in values + [(0, 0, 0)]:
            self._truth.write(f"{event} {input_} {time_us} "
                              f"{v[0]} {v[1]} {v[2]}\n")
        for device in self.devices.values():
            if device.event == event:
                self._count(device, values)

    @staticmethod
    def _count(device, values):
        counts = device.counts
        counts["packets"] += 1
        counts["values"] += len(values)
        for type_, code, value in values:
            if type_ == 1:
                which = ("releases", "presses", "repeats")[value]
                counts[which] += 1
            elif type_ == 3:
                device.axes[code] = value
            device.expected = [e for e in device.expected
                               if not e.seen(device, type_, code, value)]
