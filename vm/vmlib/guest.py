# SPDX-License-Identifier: GPL-2.0
"""One virtual machine: start it, follow it, end it."""

import os
import queue
import re
import shlex
import signal
import subprocess
import threading
import time

from . import hang
from .host import ROOT, Problem, accelerator, find_vng, kernel_dir, qemu_version
from .qmp import Qmp, QmpError

EXIT_MARK = "@@exit "
#: Arguments for every kernel: nothing of the log is dropped or held back, and a sysrq
#: or an NMI from outside is handled whatever the guest's user space did.
#: panic_print=0x40 adds the backtraces of all CPUs to a panic. On a busy host, an
#: emulated timer can be too late for the kernel's check of it, and a CPU that does
#: not get to run looks locked up. Therefore only a test switches that detector on.
KERNEL_ARGS = ("no_timer_check", "sysrq_always_enabled", "unknown_nmi_panic",
               "panic_print=0x40", "printk.devkmsg=on", "nokaslr", "nmi_watchdog=0",
               # On a busy host the clock that the TSC is compared with comes late, and
               # each look at the HPET instead takes a lock that stops the other CPUs.
               "tsc=nowatchdog")
#: What virtme-ng asks for, without the fifth level of page tables, which costs an
#: emulated CPU a load for each miss in the TLB.
TCG_CPU = "-cpu max,la57=off"
#: QEMU 7.2 (Debian 12) with a thread per CPU can keep a translation of code from
#: before another CPU patched it, for all CPUs and for ever. A kernel that patches
#: running code then dies of an unknown int3. With CONFIG_JUMP_LABEL a kernel patches
#: code all the time, and one test in ten dies. Any kernel does when something is
#: attached to a tracepoint (a static call), a kprobe or a function's entry. The
#: version below did not show this.
TCG_PATCHES = (10, 0)
TCG_ONE_THREAD = "-accel tcg,thread=single"
#: QEMU 10.0 (Debian 13) fails in one boot of five under TCG: another CPU uses a
#: device's registers with a map of memory from before the kernel moved the device.
EMULATOR_FAILED = re.compile(r"qemu-system-\S+: .*: Assertion .* failed")
#: How often a VM that ended like this before its command began is started anew.
NEW_STARTS = 3


#: VMs that have been started and not stopped.
RUNNING = set()


def stop_all():
    """End every VM, whichever thread has started it."""
    for vm in list(RUNNING):
        vm.stop()


class Guest:
    """A VM that runs one command with the host's root, read-only, over 9P.

    The command sees the directory out under the same path, writable. Without a
    command, argv() gives an interactive shell. A command that patches attaches to
    tracepoints, functions or kprobes. With gdb, a debugger can connect to gdb_path.
    """

    def __init__(self, flavour, machine, command, out, *, patches=False, gdb=False):
        self.flavour = flavour
        self.patches = patches
        self.gdb = gdb
        self.machine = machine
        self.command = command
        self.out = out
        self.kernel = kernel_dir(flavour)
        for hidden in ("/tmp", "/var/tmp", "/run"):
            if ROOT.is_relative_to(hidden):
                raise Problem(f"a guest has a {hidden} of its own and does not see {ROOT}: "
                              "put the project elsewhere")
        self.qmp_path = out / "qmp"
        self.gdb_path = out / "gdb"
        self.process = None
        self.status = None
        self.started = None
        self._events = queue.Queue()
        self._open = 0
        self._starts_left = NEW_STARTS
        self._spoke = False
        self._emulator_failed = False

    def argv(self):
        """The command line of virtme-ng."""
        argv = [find_vng(), "--force-9p", "--skip-modules",
                "--run", str(self.kernel / "arch/x86/boot/bzImage"),
                "--cpus", str(self.machine.cpus),
                "--memory", self.machine.size(self.flavour),
                "--cwd", str(ROOT), "--rwdir", f"{self.out}={self.out}",
                f"--qemu-opts={self.machine.qemu_options(self.flavour)}"]
        if accelerator()[0] == "tcg":
            argv += ["--disable-kvm", f"--qemu-opts={TCG_CPU}"]
            if self._one_thread():
                argv.append(f"--qemu-opts={TCG_ONE_THREAD}")
        if self.gdb:
            gdb = os.path.relpath(self.gdb_path, ROOT)
            argv.append(f"--qemu-opts=-gdb unix:{gdb},server=on,wait=off")
        for arg in (*KERNEL_ARGS, *self.machine.append.split()):
            argv += ["--append", arg]
        return argv + (self._exec() if self.command else
                       ["--shell", str(ROOT / "vm/guest/shell")])

    def _one_thread(self):
        return (self.patches or patches_itself(self.flavour)) and patching_is_risky()

    @staticmethod
    def environment():
        """virtme-ng looks for its parts on the PATH."""
        parts = os.path.dirname(find_vng())
        return {**os.environ, "PATH": f"{parts}:{os.environ['PATH']}"}

    def _exec(self):
        # A socket's name has at most 107 characters, hence the relative path.
        qmp = os.path.relpath(self.qmp_path, ROOT)
        wrapped = quote(ROOT / "vm/guest/exec", self.command)
        return ["--verbose", f"--qemu-opts=-qmp unix:{qmp},server=on,wait=off",
                "--exec", wrapped]

    def start(self):
        """Boot. Console and output go to files in out as well."""
        self.qmp_path.unlink(missing_ok=True)
        self.started = time.monotonic()
        self._emulator_failed = False
        self.process = subprocess.Popen(
            self.argv(), cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        for kind, pipe in (("out", self.process.stdout), ("console", self.process.stderr)):
            self._open += 1
            log = open(self.out / f"{kind}.log", "a", encoding="utf-8")
            threading.Thread(target=self._read, args=(kind, pipe, log), daemon=True).start()

    def _read(self, kind, pipe, log):
        with log, pipe:
            for raw in pipe:
                line = raw.decode("utf-8", "replace").replace("\r", "").rstrip("\n")
                log.write(line + "\n")
                log.flush()
                self._events.put((kind, line))
        self._events.put(("eof", ""))

    def event(self, timeout):
        """The next (kind, line), kind being out, console or end; None on timeout."""
        deadline = time.monotonic() + timeout
        while True:
            if not self._open:
                if not self._start_anew():
                    return "end", ""
                return "console", "vm: the emulator has failed, starting it anew"
            try:
                kind, line = self._events.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if kind == "eof":
                self._open -= 1
                continue
            self._note(kind, line)
            if kind == "out" and (match := re.match(rf"{EXIT_MARK}(\d+)", line)):
                self.status = int(match.group(1))
            else:
                return kind, line

    def _note(self, kind, line):
        if kind == "out":
            self._spoke = True
        elif EMULATOR_FAILED.search(line):
            self._emulator_failed = True

    def _start_anew(self):
        if self._spoke or not self._emulator_failed or not self._starts_left:
            return False
        self._starts_left -= 1
        self.process.wait()
        self.start()
        return True

    def age(self):
        """Seconds since the start."""
        return time.monotonic() - self.started

    def stacks(self):
        """The state of every CPU and task of a hanging guest, as text."""
        text = hang.collect(self.qmp_path, self.kernel, self.out)
        (self.out / "stacks.log").write_text(text, encoding="utf-8")
        return text

    def stop(self):
        """End the VM, gently if QEMU listens."""
        if self.process is None:
            return
        if self.process.poll() is None:
            try:
                qmp = Qmp(os.path.relpath(self.qmp_path, ROOT), timeout=5)
                qmp.command("quit")
                qmp.close()
                self.process.wait(5)
            except (QmpError, subprocess.TimeoutExpired):
                self._kill()
        self._kill()
        self.qmp_path.unlink(missing_ok=True)

    def _kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def __enter__(self):
        RUNNING.add(self)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        RUNNING.discard(self)


def patches_itself(flavour):
    """Whether a kernel patches running code even if nobody attaches to anything."""
    config = kernel_dir(flavour) / ".config"
    return config.is_file() and "\nCONFIG_JUMP_LABEL=y\n" in config.read_text()


def patching_is_risky():
    """Whether the emulator needs one thread for code that is patched while it runs."""
    return accelerator()[0] == "tcg" and qemu_version() < TCG_PATCHES


def describe(flavour, machine):
    """One line on what is booted and how."""
    accel, why = accelerator()
    return (f"flavour {flavour}, machine {machine.name}: {machine.cpus} CPUs, "
            f"{machine.size(flavour)}, {accel.upper()} ({why})")


def quote(*words):
    """Words as one shell command."""
    return shlex.join(str(word) for word in words)


def assign(**variables):
    """Variables of the environment, to be put before a shell command."""
    return " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
