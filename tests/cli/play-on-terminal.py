# Runs a program on a pseudo-terminal and plays a script of steps on it: a JSON object on standard input,
# {"command": [...], "steps": [["expect", text], ["send", text], ["signal", number], ["mode"]]}.
# Prints what came of it as JSON: exit status, output, and whether the terminal was in raw mode at each "mode".

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time

SECONDS = 60


def is_raw(fd):
    return not termios.tcgetattr(fd)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)


def main():
    script = json.load(sys.stdin)
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)

    def take_terminal():
        """The terminal controls the program, as a shell's would."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    program = subprocess.Popen(
        script["command"], stdin=slave, stdout=slave, stderr=slave, preexec_fn=take_terminal
    )
    output = b""
    seen = 0
    modes = []
    deadline = time.monotonic() + SECONDS

    def read(seconds):
        nonlocal output
        if not select.select([master], [], [], seconds)[0]:
            return False
        output += os.read(master, 65536)
        return True

    for step in script["steps"]:
        if step[0] == "expect":
            wanted = step[1].encode("latin1")
            while (at := output.find(wanted, seen)) < 0:
                if time.monotonic() > deadline or (program.poll() is not None and not read(0.1)):
                    program.kill()
                    sys.exit(f"{step[1]!r} did not appear: {output!r}")
                read(0.1)
            seen = at + len(wanted)
        elif step[0] == "send":
            os.write(master, step[1].encode("latin1"))
        elif step[0] == "signal":
            program.send_signal(step[1])
        elif step[0] == "mode":
            modes.append(is_raw(slave))
    while program.poll() is None:
        if time.monotonic() > deadline:
            program.kill()
            sys.exit(f"it did not end: {output!r}")
        read(0.05)
    while read(0):
        pass
    result = {
        "status": program.returncode if program.returncode >= 0 else 128 - program.returncode,
        "output": output.decode("latin1"),
        "raw": modes,
        "restored": termios.tcgetattr(slave) == before,
    }
    json.dump(result, sys.stdout)


main()
