# SPDX-License-Identifier: MIT
"""Clients of nginx.sh: threads that keep their connections and check answers."""

import gzip
import hashlib
import http.client
import socket
import threading

PATHS = ["/small.txt", "/page.html", "/large.txt", "/via/page.html",
         "/via/large.txt", "/made?" + "x" * 900, "/missing"]
ROUNDS = 30


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("http.sock")


def get(server, path, packed):
    headers = {"Accept-Encoding": "gzip"} if packed else {}
    try:
        server.request("GET", path, headers=headers)
        answer = server.getresponse()
    except (http.client.HTTPException, ConnectionError):
        server.close()              # a worker that was replaced: once more
        server.request("GET", path, headers=headers)
        answer = server.getresponse()
    body = answer.read()
    if answer.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    return answer.status, hashlib.sha256(body).hexdigest()[:16]


def client(seen):
    server = Connection("localhost")
    for number in range(ROUNDS):
        for path in PATHS:
            seen.add((path[:20], *get(server, path, number % 2)))


def main():
    seen = set()
    threads = [threading.Thread(target=client, args=(seen,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in sorted(seen):
        print(*answer)


main()
