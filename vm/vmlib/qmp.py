# SPDX-License-Identifier: GPL-2.0
"""A client for QEMU's control socket, as far as it is needed here."""

import json
import socket


class QmpError(Exception):
    """QEMU refused a command or did not answer."""


class Qmp:
    """One connection; QEMU serves a single client at a time."""

    def __init__(self, path, timeout=10):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        try:
            self.sock.connect(str(path))
            self.stream = self.sock.makefile("rw", encoding="utf-8")
            self.stream.readline()
            self.command("qmp_capabilities")
        except OSError as err:
            self.sock.close()
            raise QmpError(f"QEMU's control socket: {err}") from err

    def command(self, name, **arguments):
        """Run one command and return what it returns."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = arguments
        try:
            self.stream.write(json.dumps(request) + "\n")
            self.stream.flush()
            return self._answer(name)
        except (OSError, ValueError) as err:
            raise QmpError(f"{name}: {err}") from err

    def _answer(self, name):
        while line := self.stream.readline():
            reply = json.loads(line)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise QmpError(f"{name}: {reply['error'].get('desc', reply['error'])}")
        raise QmpError(f"{name}: connection closed")

    def monitor(self, line):
        """Run a command of the human monitor and return its text."""
        return self.command("human-monitor-command", **{"command-line": line})

    def close(self):
        """Give the connection back."""
        self.sock.close()
