# SPDX-License-Identifier: GPL-2.0-only
"""Scenario files: what is in them, read whole before anything is played."""

import os
import re

from . import keys

PLUGGABLE = {
    "usb-kbd": ("usb", "keyboard"), "usb-mouse": ("usb", "mouse"),
    "usb-tablet": ("usb", "tablet"),
    "virtio-keyboard-pci": ("virtio", "keyboard"),
    "virtio-mouse-pci": ("virtio", "mouse"),
    "virtio-tablet-pci": ("virtio", "tablet"),
}
BUSES = ("ps2", "usb", "virtio")


class Invalid(Exception):
    pass


class Options:
    """What the option lines at the head of a scenario decide."""

    def __init__(self):
        self.candord = True
        self.kernel_args = ""
        self.threads = "multi"
        self.memory = 512
        self.timeout = 180
        self.module_args = ""
        self.conf = {"Subject": "user1", "SpoolDirectory": "/out/spool"}

    def set(self, text):
        name, _, value = text.partition(" ")
        value = value.strip()
        if name == "no-candord":
            self.candord = False
        elif name == "kernel-args":
            self.kernel_args = value
        elif name == "one-thread":
            self.threads = "single"
        elif name == "module-args":
            self.module_args = value
        elif name == "memory":
            self.memory = number(value, 128, 2048)
        elif name == "timeout":
            self.timeout = number(value, 1, 86400)
        elif name == "conf":
            key, sep, rest = value.partition("=")
            if not sep:
                raise Invalid("option conf wants KEY=VALUE")
            self.conf[key.strip()] = rest.strip()
        else:
            raise Invalid(f"unknown option '{name}'")


class Line:
    """One verb: number in the file, name, checked arguments."""

    def __init__(self, number_, verb, args, text):
        self.number = number_
        self.verb = verb
        self.args = args
        self.text = text


def number(text, low, high):
    try:
        value = int(text)
    except ValueError:
        raise Invalid(f"'{text}' is not a whole number") from None
    if not low <= value <= high:
        raise Invalid(f"{value} is not within {low} and {high}")
    return value


def key_name(text):
    if text not in keys.KEYS:
        raise Invalid(f"no key '{text}' (Linux KEY_ names in lower case)")
    return text


def one(text):
    words = text.split()
    if len(words) != 1:
        raise Invalid("wants one argument")
    return words[0]


def two(text):
    words = text.split()
    if len(words) != 2:
        raise Invalid("wants two arguments")
    return words


def parse_key(text):
    return (key_name(one(text)),)


def parse_type(text):
    if not text:
        raise Invalid("wants text")
    try:
        keys.strokes(text)
    except ValueError as e:
        raise Invalid(str(e)) from None
    return (text,)


def parse_move(text):
    dx, dy = (number(w, -32767, 32767) for w in two(text))
    if dx == 0 and dy == 0:
        raise Invalid("a motion of 0 0 is none")
    return dx, dy


def parse_wheel(text):
    n = number(one(text), -100, 100)
    if n == 0:
        raise Invalid("0 notches are none")
    return (n,)


def parse_button(text):
    name = one(text)
    if name not in keys.BUTTONS:
        raise Invalid(f"no button '{name}' ({', '.join(keys.BUTTONS)})")
    return (name,)


def parse_tablet(text):
    return tuple(number(w, 0, 32767) for w in two(text))


def parse_wait(text):
    m = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text)
    if not m:
        raise Invalid("wants a time such as 250ms or 2s")
    return (float(m[1]) / (1000 if m[2] == "ms" else 1),)


def parse_plug(text):
    driver, name = two(text)
    if driver + "-pci" in PLUGGABLE:
        driver += "-pci"
    if driver not in PLUGGABLE:
        raise Invalid(f"no device '{driver}' ({', '.join(PLUGGABLE)})")
    if name in BUSES or not re.fullmatch(r"[a-z][a-z0-9]{0,15}", name):
        raise Invalid(f"'{name}' cannot name a device")
    return driver, name


def parse_nothing(text):
    if text:
        raise Invalid("takes no argument")
    return ()


def parse_command(text):
    if not text:
        raise Invalid("wants a command")
    return (text,)


def parse_fails(text):
    status, _, command = text.partition(" ")
    return (number(status, 1, 255),) + parse_command(command.strip())


def parse_regex(text):
    try:
        re.compile(text)
    except re.error as e:
        raise Invalid(f"bad regular expression: {e}") from None
    return parse_command(text)


VERBS = {
    "key": parse_key, "down": parse_key, "up": parse_key, "type": parse_type,
    "move": parse_move, "wheel": parse_wheel, "button": parse_button,
    "tablet": parse_tablet, "on": lambda t: (one(t),),
    "burst": parse_nothing, "wait": parse_wait, "plug": parse_plug,
    "unplug": lambda t: (one(t),), "crash": parse_nothing,
    "guest": parse_command, "guest-fails": parse_fails,
    "expect": parse_regex,
}


class Scenario:
    def __init__(self, path):
        self.path = path
        self.name = re.sub(r"\.scn$", "", os.path.basename(path))
        self.options = Options()
        self.lines = []
        self._names = set()
        with open(path, encoding="utf-8") as f:
            for n, text in enumerate(f, 1):
                try:
                    self._add(n, text.rstrip("\n").strip())
                except Invalid as e:
                    raise Invalid(f"{path}:{n}: {e}") from None
        if not self.lines:
            raise Invalid(f"{path}: no line plays anything")

    def _add(self, n, text):
        if not text or text.startswith("#"):
            return
        verb, _, rest = text.partition(" ")
        rest = rest.strip()
        if verb == "option":
            if self.lines:
                raise Invalid("options stand before the first verb")
            self.options.set(rest)
            return
        if verb not in VERBS:
            raise Invalid(f"unknown verb '{verb}'")
        try:
            args = VERBS[verb](rest)
        except Invalid as e:
            raise Invalid(f"{verb}: {e}") from None
        self._check_names(verb, args)
        self.lines.append(Line(n, verb, args, text))

    def _check_names(self, verb, args):
        if verb == "plug":
            if args[1] in self._names:
                raise Invalid(f"'{args[1]}' was plugged before")
            self._names.add(args[1])
        elif verb == "unplug" and args[0] not in self._names:
            raise Invalid(f"'{args[0]}' was never plugged")
        elif verb == "on" and args[0] not in BUSES + tuple(self._names):
            raise Invalid(f"no bus or plugged device '{args[0]}'")

    def plugs(self):
        return [line.args for line in self.lines if line.verb == "plug"]

    def candor_conf(self):
        return "[Candor]\n" + "".join(
            f"{k}={v}\n" for k, v in self.options.conf.items())
