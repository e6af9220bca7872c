# SPDX-License-Identifier: GPL-2.0-only
"""What a VM boots: the kernel, the initramfs, the scratch disk."""

import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import struct
import subprocess

from . import Failure

# Drivers, in no order: modules.dep says what comes before what.
DRIVERS = ("virtio_pci virtio_blk virtio_console virtio_input xhci_pci usbhid "
           "hid_generic psmouse evdev uinput ext4 crc32c_generic i8042 atkbd "
           "input_leds").split()
# Programs of the host that tests use in the guest.
TOOLS = "setpriv evtest libinput-record bpftool trace-cmd lz4".split()
SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/libexec/libinput"
# What libinput-record reads at its start.
QUIRKS = "/usr/share/libinput"

PASSWD = """root:x:0:0:root:/root:/bin/sh
candor:x:990:990:candor:/:/bin/sh
user1:x:1000:1000:user1:/tmp:/bin/sh
user2:x:1001:1001:user2:/tmp:/bin/sh
"""
GROUP = "root:x:0:\ncandor:x:990:\nuser1:x:1000:\nuser2:x:1001:\n"


class Cpio:
    """A newc archive, built in memory: owned by root and with device nodes
    whoever runs the bench."""

    def __init__(self):
        self._parts = []
        self._inode = 0
        self._seen = set()

    def _entry(self, path, mode, data=b"", rdev=(0, 0)):
        self._inode += 1
        name = path.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev,
                  len(name), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
        for part in (head, data):
            self._parts.append(part + b"\0" * (-len(part) % 4))

    def folder(self, path, mode=0o755):
        if path and path not in self._seen:
            self.folder(os.path.dirname(path))
            self._seen.add(path)
            self._entry(path, stat.S_IFDIR | mode)

    def _once(self, path):
        path = path.lstrip("/")
        self.folder(os.path.dirname(path))
        if path in self._seen:
            return None
        self._seen.add(path)
        return path

    def data(self, path, data, mode=0o644):
        path = self._once(path)
        if path:
            self._entry(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        path = self._once(path)
        if path:
            self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, mode, major, minor):
        path = self._once(path)
        self._entry(path, stat.S_IFCHR | mode, rdev=(major, minor))

    def file(self, path, source):
        with open(source, "rb") as f:
            data = f.read()
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.data(path, data, mode)

    def program(self, path, source):
        """A program with the libraries it needs, where it looks for them."""
        self.file(path, source)
        for lib in libraries(source):
            self.file(lib, lib)

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self._parts)


def find_tool(name):
    path = shutil.which(name, path=SEARCH)
    if not path:
        raise Failure(f"no program {name}; run scripts/setup")
    return path


def libraries(program):
    out = subprocess.run(["ldd", program], capture_output=True, text=True,
                         check=False).stdout
    if "not found" in out:
        raise Failure(f"{program} lacks libraries:\n{out}")
    return re.findall(r"(/\S+) \(0x", out)


def kernel_path(what, release, root):
    """Asks scripts/vm/kernel, which fetches what is missing."""
    tool = os.path.join(root, "scripts/vm/kernel")
    p = subprocess.run([tool, what, release], stdout=subprocess.PIPE,
                       text=True, check=False)
    if p.returncode:
        raise Failure(f"no kernel {release}")
    return p.stdout.strip()


def unpack(data):
    """The ELF image of a kernel's compressed payload; None if unknown."""
    try:
        if data[:6] == b"\xfd7zXZ\0":
            return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)
        if data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        if data[:4] == b"\x28\xb5\x2f\xfd":
            return subprocess.run(["zstd", "-dcq"], input=data, check=False,
                                  capture_output=True).stdout
    except (OSError, lzma.LZMAError):
        pass
    return None


def write_whole(path, data):
    """Others may build the same file: it appears whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temp = f"{path}.{os.getpid()}"
    with open(temp, "wb") as f:
        f.write(data)
    os.rename(temp, path)


def boot_image(vmlinuz, cache):
    """The kernel unpacked here, for QEMU to enter by PVH: unpacking it in an
    emulated processor takes seconds."""
    path = os.path.join(cache, os.path.basename(vmlinuz) + ".elf")
    if os.path.exists(path):
        return path
    with open(vmlinuz, "rb") as f:
        image = f.read()
    setup = (image[0x1F1] or 4) + 1
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = setup * 512 + offset
    elf = unpack(image[start:start + length])
    if not elf or elf[:4] != b"\x7fELF":
        return vmlinuz
    write_whole(path, elf)
    return path


class Modules:
    """A kernel's modules, by name and in the order in which they load."""

    def __init__(self, root, release):
        self.folder = os.path.join(root, "lib/modules", release)
        self._needs = {}
        self._path = {}
        with open(os.path.join(self.folder, "modules.dep"),
                  encoding="ascii") as f:
            for line in f:
                path, _, needs = line.partition(":")
                self._path[self._name(path)] = path
                self._needs[path] = needs.split()

    @staticmethod
    def _name(path):
        return re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_")

    def order(self, names):
        """Paths, each after what it needs; what is built in has none."""
        out = []
        for name in names:
            path = self._path.get(name)
            if path:
                # modules.dep names the last to be loaded first.
                for p in self._needs[path][::-1] + [path]:
                    if p not in out:
                        out.append(p)
        return out

    def read(self, path):
        with open(os.path.join(self.folder, path), "rb") as f:
            data = f.read()
        if path.endswith(".xz"):
            return lzma.decompress(data)
        return data


def add_busybox(cpio):
    busybox = find_tool("busybox")
    if libraries(busybox):
        raise Failure("busybox is not static; install busybox-static")
    cpio.file("/bin/busybox", busybox)
    names = subprocess.run([busybox, "--list"], capture_output=True,
                           text=True, check=True).stdout.split()
    for name in names:
        if name not in TOOLS and name != "busybox":
            cpio.link(f"/bin/{name}", "busybox")


def add_base_files(cpio):
    for folder in "proc sys dev tmp run out root var/lib etc/candor".split():
        cpio.folder(folder)
    cpio.node("/dev/console", 0o600, 5, 1)
    cpio.node("/dev/null", 0o666, 1, 3)
    cpio.data("/etc/passwd", PASSWD.encode())
    cpio.data("/etc/group", GROUP.encode())
    cpio.link("/var/run", "/run")


def build_base(modules):
    cpio = Cpio()
    add_base_files(cpio)
    add_busybox(cpio)
    for name in TOOLS:
        cpio.program(f"/usr/bin/{name}", find_tool(name))
    for name in sorted(os.listdir(QUIRKS)):
        cpio.file(f"{QUIRKS}/{name}", os.path.join(QUIRKS, name))
    names = []
    for path in modules.order(DRIVERS):
        names.append(Modules._name(path) + ".ko")
        cpio.data(f"/lib/modules/{names[-1]}", modules.read(path))
    cpio.data("/etc/bench/modules", "".join(n + "\n" for n in names).encode())
    return cpio.bytes()


def stamp(paths):
    h = hashlib.sha256()
    for path in paths:
        st = os.stat(path)
        h.update(f"{path} {st.st_size} {st.st_mtime_ns}\n".encode())
    return h.hexdigest()[:16]


def base_initramfs(modules, cache):
    """The part of the initramfs that is not ours, kept between runs."""
    made_of = [find_tool(n) for n in TOOLS + ["busybox"]]
    made_of += [os.path.join(modules.folder, "modules.dep"), __file__]
    path = os.path.join(cache, f"base-{stamp(made_of)}.cpio")
    if not os.path.exists(path):
        write_whole(path, build_base(modules))
    return path


def own_initramfs(scenario, root, module, programs):
    """Our part: guest scripts and programs, and candor unless left out."""
    guest = os.path.join(root, "tests/guest")
    cpio = Cpio()
    cpio.file("/init", os.path.join(guest, "init"))
    for name in sorted(os.listdir(os.path.join(guest, "bin"))):
        cpio.file(f"/usr/bin/{name}", os.path.join(guest, "bin", name))
    for path in programs:
        cpio.program(f"/usr/bin/{os.path.basename(path)}", path)
    if module:
        cpio.file("/lib/candor/candor.ko", module)
    shipped = os.path.join(root, "collector/candor.conf")
    if module and os.path.exists(shipped):
        cpio.file("/usr/lib/candor/candor.conf", shipped)
    cpio.data("/etc/candor/candor.conf", scenario.candor_conf().encode())
    return cpio.bytes()


def make_disk(path, megabytes=256):
    with open(path, "wb") as f:
        f.truncate(megabytes << 20)
    p = subprocess.run([find_tool("mke2fs"), "-q", "-F", "-t", "ext4", "-m",
                        "0", "-E", "root_owner=0:0", path],
                       capture_output=True, text=True, check=False)
    if p.returncode:
        raise Failure(f"mke2fs of the scratch disk: {p.stderr.strip()}")


def take_out(disk, folder):
    """Copies what the guest left on the disk; needs no privilege."""
    os.makedirs(folder, exist_ok=True)
    # Replays the journal of a guest that was cut off.
    subprocess.run([find_tool("e2fsck"), "-fy", disk], capture_output=True,
                   check=False)
    subprocess.run([find_tool("debugfs"), "-R", f"rdump / {folder}", disk],
                   capture_output=True, check=False)
    lost = os.path.join(folder, "lost+found")
    if os.path.isdir(lost):
        shutil.rmtree(lost, ignore_errors=True)
