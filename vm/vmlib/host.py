# SPDX-License-Identifier: GPL-2.0
"""Where things are on the host, and what the host can do."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
OUT = BUILD / "vm-out"
FLAVOURS = ("default", "debug", "debian", "stock")


class Problem(Exception):
    """Something the caller has to put right; the text says what."""


def kernel_dir(flavour):
    """The object directory of a kernel flavour, which must have been built."""
    if flavour not in FLAVOURS:
        raise Problem(f"unknown flavour '{flavour}' (have: {', '.join(FLAVOURS)})")
    directory = BUILD / f"kernel-{flavour}"
    image = directory / "arch/x86/boot/bzImage"
    if not image.is_file():
        raise Problem(f"no kernel at {image.relative_to(ROOT)}: "
                      f"run 'make kernel FLAVOUR={flavour}'")
    return directory


def find_vng():
    """virtme-ng: the one in build/venv if there is one, else the system's."""
    own = BUILD / "venv/bin/vng"
    if own.is_file():
        return str(own)
    found = shutil.which("vng")
    if not found:
        raise Problem("virtme-ng (vng) is not installed: run 'make setup'")
    return found


def accelerator():
    """Return ("kvm" | "tcg", reason).

    That /dev/kvm can be opened proves nothing: without vmx or svm a guest hangs in its
    first instructions.
    """
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError as err:
        return "tcg", f"cannot read /proc/cpuinfo: {err.strerror}"
    if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpuinfo, re.M):
        return "tcg", "the CPU offers neither vmx nor svm"
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as err:
        return "tcg", f"/dev/kvm does not open: {err.strerror}"
    return "kvm", "hardware virtualisation"


def qemu_version():
    """(major, minor) of the QEMU that boots the machines."""
    try:
        text = subprocess.run(["qemu-system-x86_64", "--version"], check=True, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError) as err:
        raise Problem(f"qemu-system-x86_64 does not run ({err}): run 'make setup'") from err
    found = re.search(r"version (\d+)\.(\d+)", text)
    if not found:
        raise Problem(f"qemu-system-x86_64 --version says '{text.strip()}'")
    return int(found.group(1)), int(found.group(2))


def end_on_signals():
    """Let SIGTERM and SIGHUP end the program, and its VMs, the way Ctrl-C does.

    Only once: timeout(1) signals the group after its child, and the second signal
    would interrupt the cleanup.
    """
    def interrupt(number, _frame):
        for other in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt(number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def out_dir(name):
    """A fresh directory build/vm-out/NAME for the logs of one job."""
    directory = OUT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory
