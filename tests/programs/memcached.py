# SPDX-License-Identifier: MIT
"""Clients of memcached.sh: threads that set and get and check what they get."""

import socket
import threading

ROUNDS = 4000


def value(key):
    """Few sizes, for one that comes late finds every page taken."""
    return (b"%07d." % key) * (key * 37 % 6 * 40 + 10)


class Client:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("cache.sock")
        self.file = self.sock.makefile("rwb")

    def ask(self, line, data=None):
        self.file.write(line + b"\r\n")
        if data is not None:
            self.file.write(data + b"\r\n")
        self.file.flush()
        return self.file.readline().rstrip()

    def set(self, key):
        """Every page may be busy in another thread; soon one is not."""
        for _ in range(1000):
            said = self.ask(b"set k%d 0 0 %d" % (key, len(value(key))),
                            value(key))
            if not said.startswith(b"SERVER_ERROR out of memory"):
                break
        return said

    def get(self, key):
        head = self.ask(b"get k%d" % key)
        if head == b"END":
            return None
        data = self.file.read(int(head.split()[3]) + 2)[:-2]
        assert self.file.readline() == b"END\r\n"
        return data


def worker(first, wrong):
    client = Client()
    for number in range(ROUNDS):
        key = first + number * 8
        said = client.set(key)
        if said != b"STORED":
            wrong.append((key, said))
        back = first + number // 2 * 8
        data = client.get(back)
        if data is not None and data != value(back):
            wrong.append((back, data))
        if number % 3 == 0:
            client.ask(b"delete k%d" % back)
        if number % 50 == 0:
            client.ask(b"append k%d 0 0 1" % back, b"x")
            client.ask(b"delete k%d" % back)


def main():
    wrong = []
    threads = [threading.Thread(target=worker, args=(i, wrong))
               for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = Client()
    client.file.write(b"stats\r\n")
    client.file.flush()
    stats = {}
    while (line := client.file.readline()) != b"END\r\n":
        stats[line.split()[1]] = line.split()[2]
    print("wrong:", wrong)
    print("threads:", stats[b"threads"].decode())
    print("enough sets:", int(stats[b"cmd_set"]) >= 8 * ROUNDS)
    print("evicted some:", int(stats[b"evictions"]) > 0)
    print("kept some:", int(stats[b"curr_items"]) > 1000)


main()
