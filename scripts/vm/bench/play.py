# SPDX-License-Identifier: GPL-2.0-only
"""Plays a scenario's lines into a machine."""

import re

from . import Failure, keys, scenario
from .machine import Device, display_of

PACE_SECONDS = 2
PLUG_SECONDS = 20
EV_KEY, EV_REL, EV_ABS = 1, 2, 3
REL_X, REL_Y, REL_WHEEL = 0, 1, 8


class Key:
    """A press or release that the reader is to see."""

    def __init__(self, code, value):
        self._want = (EV_KEY, code, value)

    def seen(self, _device, *value):
        return value == self._want


class Motion:
    """Relative motion, which a bus may split in several packets."""

    def __init__(self, **left):
        self._left = {{"x": REL_X, "y": REL_Y, "wheel": REL_WHEEL}[k]: v
                      for k, v in left.items() if v}

    def seen(self, _device, type_, code, value):
        if type_ == EV_REL and code in self._left:
            self._left[code] -= value
        return not any(self._left.values())


class Position:
    def __init__(self, x, y):
        self._want = (x, y)

    def seen(self, device, *_value):
        return (device.axes.get(0, 0), device.axes.get(1, 0)) == self._want


class Player:
    def __init__(self, machine, options):
        self.machine = machine
        self.options = options
        self._target = "virtio"
        self._paced = True
        self._output = ""

    def start(self):
        """After each boot: brings candor up unless the scenario does."""
        self._must("input-settle")
        if self.options.candord:
            self._must(f"load-candor {self.options.module_args}")
            self._must("start-candord")

    def _must(self, command):
        status, out = self.machine.run(command)
        if status:
            raise Failure(f"{command.strip()} exits with {status}: "
                          f"{out.strip()}")

    def finish(self):
        self._settle()
        if self.options.candord:
            self._must("stop-candord")
        self.machine.finish()

    def play(self, line):
        getattr(self, "_" + line.verb.replace("-", "_"))(*line.args)

    # --- input

    def _device(self, kind):
        devices = self.machine.devices
        name = f"{self._target}-{kind}"
        if self._target not in scenario.BUSES:
            name = self._target
        device = devices.get(name)
        if not device or device.kind != kind:
            raise Failure(f"'{self._target}' has no {kind}")
        if not device.event:
            raise Failure(f"{device.name} is not in the guest")
        return device

    def _send(self, device, events, expect):
        if self._paced:
            device.expected = [expect]
        self.machine.send_input(device, events)
        if self._paced:
            self.machine.wait(
                lambda: not device.expected, PACE_SECONDS,
                f"the evdev reader to see it on {device.name}")

    def _settle(self):
        """After a burst: until the reader has seen what came of it."""
        if not self._paced:
            self._must("evread --sync")
        for device in self.machine.devices.values():
            device.expected = []

    def _stroke(self, name, down):
        code, qcode = keys.KEYS[name]
        self._send(self._device("keyboard"),
                   [{"type": "key", "data": {
                       "down": down,
                       "key": {"type": "qcode", "data": qcode}}}],
                   Key(code, int(down)))

    def _down(self, name):
        self._stroke(name, True)

    def _up(self, name):
        self._stroke(name, False)

    def _key(self, name):
        self._stroke(name, True)
        self._stroke(name, False)

    def _type(self, text):
        for name, shifted in keys.strokes(text):
            if shifted:
                self._down("leftshift")
            self._key(name)
            if shifted:
                self._up("leftshift")

    def _move(self, dx, dy):
        events = [{"type": "rel", "data": {"axis": axis, "value": value}}
                  for axis, value in (("x", dx), ("y", dy)) if value]
        self._send(self._device("mouse"), events, Motion(x=dx, y=dy))

    def _press(self, button, down, expect):
        self._send(self._device("mouse"),
                   [{"type": "btn", "data": {"down": down,
                                             "button": button}}], expect)

    def _wheel(self, notches):
        step = 1 if notches > 0 else -1
        button = "wheel-up" if step > 0 else "wheel-down"
        for _ in range(abs(notches)):
            self._press(button, True, Motion(wheel=step))
            self._release(button)

    def _release(self, button):
        """QEMU keeps a wheel button down; the guest hears nothing of it."""
        paced, self._paced = self._paced, False
        self._press(button, False, None)
        self._paced = paced

    def _button(self, name):
        for down in (True, False):
            self._press(name, down, Key(keys.BUTTONS[name], int(down)))

    def _tablet(self, x, y):
        device = self._device("tablet")
        if Position(x, y).seen(device):
            raise Failure(f"{device.name} is at {x} {y} already: "
                          "no packet would come")
        events = [{"type": "abs", "data": {"axis": axis, "value": value}}
                  for axis, value in (("x", x), ("y", y))]
        self._send(device, events, Position(x, y))

    # --- where and when

    def _on(self, target):
        self._settle()
        self._paced = True
        self._target = target

    def _burst(self):
        self._paced = False

    def _wait(self, seconds):
        self.machine.idle(seconds)

    # --- the machine

    def _plug(self, driver, name):
        bus, kind = scenario.PLUGGABLE[driver]
        device = Device(name, bus, kind, driver,
                        display_of(driver, name))
        arguments = dict(p.split("=", 1) for p in
                         device.qemu().split(",")[1:])
        self.machine.devices[name] = device
        self.machine.qmp("device_add", driver=driver, **arguments)
        self.machine.index_mice()
        self.machine.wait(lambda: device.event, PLUG_SECONDS,
                          f"{name} to come")
        self._must("input-settle")

    def _unplug(self, name):
        device = self.machine.devices[name]
        self.machine.qmp("device_del", id=name)
        self.machine.wait(lambda: not device.event, PLUG_SECONDS,
                          f"{name} to go")
        del self.machine.devices[name]

    def _crash(self):
        self.machine.kill()
        self.machine.start()
        self.start()

    # --- commands

    def _guest(self, command):
        self._guest_fails(0, command)

    def _guest_fails(self, want, command):
        status, self._output = self.machine.run(command)
        if status != want:
            raise Failure(f"exits with {status}, not {want}; it said:\n"
                          f"{self._output.rstrip()}")

    def _expect(self, regex):
        if not re.search(regex, self._output, re.MULTILINE):
            raise Failure("not in the output of the last command, which "
                          f"said:\n{self._output.rstrip()}")
