# SPDX-License-Identifier: GPL-2.0
"""Get stacks out of a guest that no longer answers.

QEMU knows the registers of every CPU, and System.map the names of the addresses. The
kernel handles a sysrq on its serial console as long as the CPU that serves the
UART takes interrupts; if it does not, an NMI makes it panic.
"""

import bisect
import os
import re
import socket
import time

from .host import ROOT
from .qmp import Qmp, QmpError

#: sysrq letters, those with short answers first.
LETTERS = (("w", "blocked tasks"), ("l", "backtrace of the CPUs"), ("t", "all tasks"))


class Symbols:
    """Kernel addresses to names."""

    def __init__(self, kernel):
        self.addresses, self.names = [], []
        for line in (kernel / "System.map").read_text().splitlines():
            address, kind, name = line.split()
            if kind in "tTwW":
                self.addresses.append(int(address, 16))
                self.names.append(name)

    def name(self, address):
        """symbol+offset, or None if the address is not in kernel text."""
        at = bisect.bisect_right(self.addresses, address) - 1
        if at < 0 or address - self.addresses[at] > 1 << 16:
            return None
        return f"{self.names[at]}+{address - self.addresses[at]:#x}"


def collect(qmp_path, kernel, out):
    """Everything that could be found out, and a note on what could not, as text."""
    try:
        qmp = Qmp(os.path.relpath(qmp_path, ROOT))
    except QmpError as err:
        return f"no stacks: {err}\n"
    text = []
    try:
        for step in (lambda: _registers(qmp, kernel), lambda: _sysrq(qmp, out)):
            try:
                text.append(step())
            except (QmpError, OSError) as err:
                text.append(f"-- {err}\n")
    finally:
        qmp.close()
    return "".join(text)


def _registers(qmp, kernel):
    symbols = Symbols(kernel)
    text = "-- CPUs as QEMU sees them\n"
    for part in re.split(r"^CPU#", qmp.monitor("info registers -a"), flags=re.M)[1:]:
        cpu = part.split(None, 1)[0]
        # RIP in long mode, EIP in the boot code before it.
        rip, rsp, flags = (int(re.search(rf"{name}=([0-9a-f]+)", part).group(1), 16)
                           for name in ("[RE]IP", "[RE]SP", "[RE]FL"))
        where = symbols.name(rip)
        text += (f"CPU {cpu}: {where or f'not in the kernel, {rip:#x}'}, "
                 f"interrupts {'on' if flags & 0x200 else 'off'}\n")
        if where:
            text += _guess_frames(qmp, symbols, int(cpu), rsp)
    return text


def _guess_frames(qmp, symbols, cpu, rsp):
    """Return addresses found on the stack; stale ones may be among them."""
    qmp.monitor(f"cpu {cpu}")
    words = re.findall(r"0x([0-9a-f]{16})", qmp.monitor(f"x /96gx {rsp:#x}"))
    names = [name for word in words if (name := symbols.name(int(word, 16)))]
    return "".join(f"    ? {name}\n" for name in names[:12])


def _sysrq(qmp, out):
    """Turn the console into a socket, and send break and letter through it."""
    path = out / "console.sock"
    path.unlink(missing_ok=True)
    relative = os.path.relpath(path, ROOT)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(relative)
        server.listen(1)
        server.settimeout(5)
        backend = {"addr": {"type": "unix", "data": {"path": relative}}, "server": False}
        qmp.command("chardev-change", id="console",
                    backend={"type": "socket", "data": backend})
        console, _ = server.accept()
    path.unlink(missing_ok=True)
    text = ""
    with console:
        for letter, what in LETTERS:
            qmp.command("chardev-send-break", id="console")
            console.sendall(letter.encode())
            answer = _drain(console)
            if not answer.strip():
                return text + _nmi(qmp, console)
            text += f"-- sysrq-{letter}: {what}\n{_stacks_of(answer)}"
    return text


def _nmi(qmp, console):
    """A kernel that ignores interrupts still takes an NMI, and panics with its stacks."""
    text = "-- the guest takes no interrupt from its UART; sending an NMI\n"
    qmp.command("inject-nmi")
    return text + (_drain(console) or "-- no answer to the NMI either\n")


def _stacks_of(answer):
    """The stacks without the tables of run queues that follow them."""
    return re.split(r"^.*Sched Debug Version", answer, maxsplit=1, flags=re.M)[0]


def _drain(console, first=8, quiet=2, limit=90):
    """Read until nothing has come for a while."""
    data = b""
    end = time.monotonic() + limit
    console.settimeout(first)
    while time.monotonic() < end:
        try:
            chunk = console.recv(65536)
        except TimeoutError:
            break
        if not chunk:
            break
        data += chunk
        console.settimeout(quiet)
    return data.decode("utf-8", "replace").replace("\r", "")
