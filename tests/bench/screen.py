"""screen - a program in a pseudo-terminal, and what it has drawn."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

COLUMNS, ROWS = 200, 60
TOKEN = re.compile(rb"\x1b\[([?>]?)([0-9;]*)([@-~])|\x1b[()][0-9A-B]|\x1b.|[\x00-\x1f]|[^\x00-\x1f\x1b]+")


class Screen:
    """As much of a terminal as it takes to read what ncurses draws."""

    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8")
            time.sleep(0.05)  # until the size is set
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.start = time.perf_counter() + 0.05
        self.cell = [[" "] * COLUMNS for _ in range(ROWS)]
        self.y = self.x = 0
        self.rest = b""

    def line(self, y):
        return "".join(self.cell[y])

    def put(self, text):
        for c in text:
            if self.x < COLUMNS:
                self.cell[self.y][self.x] = c
            self.x += 1
            self.last = c

    def control(self, final, args):
        n = args[0] if args and args[0] else 1
        if final == b"H":
            self.y = min(n, ROWS) - 1
            self.x = (args[1] if len(args) > 1 and args[1] else 1) - 1
        elif final == b"d":
            self.y = min(n, ROWS) - 1
        elif final == b"G":
            self.x = n - 1
        elif final in b"ABCD":
            self.y = max(0, min(ROWS - 1, self.y + {b"A": -n, b"B": n}.get(final, 0)))
            self.x = max(0, self.x + {b"C": n, b"D": -n}.get(final, 0))
        elif final == b"b":
            self.put(self.last * n)
        elif final == b"X":
            self.cell[self.y][self.x:self.x + n] = [" "] * min(n, COLUMNS - self.x)
        elif final == b"K" and (not args or args[0] == 0):
            self.cell[self.y][self.x:] = [" "] * (COLUMNS - min(self.x, COLUMNS))
        elif final == b"K" and args[0] == 1:
            self.cell[self.y][:self.x + 1] = [" "] * min(self.x + 1, COLUMNS)
        elif final == b"J":
            self.cell = [[" "] * COLUMNS for _ in range(ROWS)]
        elif final == b"P":
            row = self.cell[self.y]
            row[self.x:] = row[self.x + n:] + [" "] * min(n, COLUMNS - self.x)
        elif final == b"@":
            row = self.cell[self.y]
            row[self.x:] = ([" "] * n + row[self.x:])[:COLUMNS - self.x]

    def feed(self, data):
        data = self.rest + data
        cut = max(data.rfind(b"\x1b"), len(data) - 3, 0)
        self.rest = b"" if re.search(rb"[\x20-\x7e]$", data) and cut == len(data) - 3 else data[cut:]
        if self.rest:
            data = data[:cut]
        for m in TOKEN.finditer(data):
            t = m.group()
            if m.group(3) and not m.group(1):
                self.control(m.group(3), [int(a or 0) for a in m.group(2).split(b";")])
            elif t == b"\r":
                self.x = 0
            elif t == b"\n":
                self.y = min(self.y + 1, ROWS - 1)
            elif t == b"\b":
                self.x = max(0, self.x - 1)
            elif t[0] >= 0x20:
                self.put(t.decode("utf-8", "replace"))

    def read(self, wait):
        """The time of the first bytes within `wait` seconds; None if there are none."""
        if not select.select([self.fd], [], [], wait)[0]:
            return None
        now = time.perf_counter()
        try:
            self.feed(os.read(self.fd, 1 << 16))
        except OSError:  # the program has left
            return None
        return now

    def quiet(self, wait):
        while self.read(wait):
            pass

    def wait_for(self, pattern, y=ROWS - 1, limit=120):
        """Until line y matches; the time of the bytes that made it so."""
        end = time.perf_counter() + limit
        now = time.perf_counter()
        while not re.search(pattern, self.line(y) + self.rest.decode("utf-8", "replace")):
            got = self.read(max(0, end - time.perf_counter()))
            if not got:
                raise SystemExit("%r did not come: %s" % (pattern, self.line(y)))
            now = got
        return now

    def key(self, keys):
        sent = time.perf_counter()
        os.write(self.fd, keys)
        return sent


def say(name, value, unit="ms"):
    print("%-28s %10.3f %s" % (name, value, unit), flush=True)


def ticks(pid):
    with open("/proc/%d/stat" % pid) as f:
        return sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
