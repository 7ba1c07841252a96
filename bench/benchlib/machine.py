# SPDX-License-Identifier: GPL-2.0
"""A machine that counts: QEMU's virtual clock advances by one for each instruction."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "build/bench"
KERNELS = ("stock", "ours", "off")

#: Everything random comes from the seed, and no host's clock is seen.
REPEATABLE = ("-seed", "1", "-rtc", "base=2024-01-01,clock=vm")
#: One thread, so that the CPUs' instructions have one order.
COUNTING = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off")
ARGS = "console=ttyS0 quiet nokaslr norandmaps tsc=reliable"
MARK = "@@"
#: How often a delicate job is run at most until two machines agree.
TRIES = 5


class Problem(Exception):
    """Something the caller has to put right; the text says what."""


@dataclass
class Job:
    """What one machine does."""
    kernel: str
    cpus: int
    plan: list                  # lines for the guest's process 1, see guest/init.c
    memory: str = "1G"
    timeout: float = 1800  # seconds; more than enough on a busy host
    append: str = ""            # more arguments for the kernel
    delicate: bool = False      # only what two machines agree on counts, see boot()
    profile: Path = None        # where the plugin writes its counts

    def describe(self):
        """For messages."""
        return f"kernel '{self.kernel}' with {self.cpus} CPUs: {'; '.join(self.plan)}"


def kernel_dir(name):
    """The object directory of a kernel, which must have been built."""
    if name not in KERNELS:
        raise Problem(f"unknown kernel '{name}' (have: {', '.join(KERNELS)})")
    directory = BENCH / f"kernel-{name}"
    if not (directory / "arch/x86/boot/bzImage").is_file():
        raise Problem(f"no kernel in {directory.relative_to(ROOT)}: run 'bench/kernels {name}'")
    return directory


def _cpio_entry(name, data, mode):
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    head += name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def _initramfs(job):
    """The kernel's archive, and one with the plan after it."""
    archive = BENCH / f"root-{'stock' if job.kernel == 'stock' else 'ours'}.cpio"
    if not archive.is_file():
        raise Problem(f"no {archive.relative_to(ROOT)}: run 'bench/programs'")
    text = "".join(f"{line}\n" for line in job.plan)
    return (archive.read_bytes() + _cpio_entry("plan", text.encode(), 0o100644)
            + _cpio_entry("TRAILER!!!", b"", 0))


def _command(job, initrd):
    command = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot",
               "-cpu", "max", "-m", job.memory, "-smp", str(job.cpus),
               *COUNTING, *REPEATABLE, "-serial", "stdio",
               "-kernel", str(kernel_dir(job.kernel) / "arch/x86/boot/bzImage"),
               "-initrd", initrd, "-append", f"{ARGS} {job.append}".strip()]
    if job.profile:
        command += ["-plugin", f"{BENCH / 'count.so'},out={job.profile}"]
    return command


def _records(job, output):
    """The marked lines: JSON, an error, or the word that all went well."""
    records, done = [], False
    for line in output.splitlines():
        if not line.startswith(MARK):
            continue
        line = line[len(MARK):]
        if line.startswith("{"):
            records.append(json.loads(line))
        elif line == "done":
            done = True
    if not done:
        raise Problem(f"{job.describe()}: {_reason(output)}")
    return records


def _reason(output):
    """Why the guest did not come to its end."""
    lines = [line for line in output.replace("\r", "").splitlines() if line.strip()]
    marked = [line[len(MARK):] for line in lines
              if line.startswith((f"{MARK}error", f"{MARK}output"))]
    return "\n  ".join(marked or lines[-20:] or ["no output"])


def _boot_once(job):
    with tempfile.NamedTemporaryFile(dir=BENCH, prefix="initramfs-") as initrd:
        initrd.write(_initramfs(job))
        initrd.flush()
        command = _command(job, initrd.name)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            try:
                output = process.communicate(timeout=job.timeout)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                output = process.communicate()[0] + b"\n(no end after %d s)" % job.timeout
            except BaseException:
                process.kill()
                raise
    text = output.decode("utf-8", "replace").replace("\r", "")
    return _records(job, text)


def boot(job):
    """Run a job in a machine of its own: the records that it reported.

    QEMU's threads have a race: the one that executes the CPUs mostly sees to an
    expired timer, but the main loop, still awake from the timer before, may come
    first, and then another CPU has the next turn. It is rare and takes several
    CPUs with timers close together; such a machine goes its own way from there.
    """
    seen = []
    while len(seen) < TRIES:
        records = _boot_once(job)
        if not job.delicate or records in seen:
            return records
        seen.append(records)
    raise Problem(f"{job.describe()}: no two of {TRIES} machines reported the same")
