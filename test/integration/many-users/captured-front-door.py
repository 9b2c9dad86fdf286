"""
Stands in the front door's place: runs as its user, with its descriptors, and does what a test tells it over TCP.

It says `listening` with the port at which it waits for the test. The first line of a connection says what the rest of it is for:
`channel` passes bytes to and from the supervisor, `descriptors` sends each line to the supervisor with three open files attached,
`stdout` and `stderr` say the rest there, `linger` makes it outlive the process that the supervisor knows.
"""

import json
import os
import socket
import sys
import threading

channel = socket.socket(fileno=3)
channel.setblocking(True)
clients = []
lingering = threading.Event()


def end_with_orders():
    """The supervisor closes the orders of a front door that has ended: the process that it knows is the parent of this one."""
    while os.read(0, 65536):
        pass
    if not lingering.is_set():
        os._exit(0)


def pass_answers():
    while True:
        try:
            answer = channel.recv(65536)
        except OSError:
            answer = b""
        for client in list(clients):
            try:
                if answer:
                    client.sendall(answer)
                else:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                clients.remove(client)
        if not answer:
            return


def serve(client):
    words = client.makefile("rb")
    kind = words.readline().strip()
    if kind == b"channel":
        clients.append(client)
        client.sendall(b"\n")
        while True:
            some = words.read1(65536)
            if not some:
                return
            try:
                channel.sendall(some)
            except OSError:
                return
    if kind == b"descriptors":
        files = [os.open("/dev/null", os.O_RDWR), os.open("/etc/passwd", os.O_RDONLY), client.fileno()]
        clients.append(client)
        client.sendall(b"\n")
        for line in words:
            socket.send_fds(channel, [line], files)
    if kind in (b"stdout", b"stderr"):
        client.sendall(b"\n")
        while True:
            some = words.read1(65536)
            try:
                rest = some
                while rest:
                    rest = rest[os.write(1 if kind == b"stdout" else 2, rest) :]
            except OSError:
                some = b""
            if not some:
                client.shutdown(socket.SHUT_RDWR)
                return
    if kind == b"linger":
        lingering.set()
        client.sendall(b"\n")


def run(what, *given):
    threading.Thread(target=what, args=given, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
run(pass_answers)
port = listener.getsockname()[1]
sys.stdout.write(json.dumps({"event": "listening", "port": port, "hosts": ["127.0.0.1"]}) + "\n")
sys.stdout.flush()
run(end_with_orders)
while True:
    run(serve, listener.accept()[0])
