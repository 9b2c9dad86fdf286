"""A kernel without cost: it answers at once and publishes messages that were prepared before.

The code of an execute_request is JSON: {"publish": N, "size": bytes} sends N stream messages, {"display": bytes} one display_data with that
much text, {"buffer": bytes} one with a binary buffer of that size, {"sink": 1} answers with the size of the request's buffers. Every message
is signed and serialised before the first is sent, so that what is measured is who carries them.
"""

import hashlib
import hmac
import json
import sys
import time
import uuid

import zmq

DELIMITER = b"<IDS|MSG>"


class Kernel:
    def __init__(self, connection_file):
        with open(connection_file, encoding="utf8") as file:
            connection = json.load(file)
        self.key = connection["key"].encode()
        self.session = uuid.uuid4().hex
        context = zmq.Context()
        transport, ip = connection["transport"], connection["ip"]

        def bind(kind, name):
            socket = context.socket(kind)
            socket.linger = 1000
            socket.sndhwm = 0
            socket.rcvhwm = 0
            port = connection[f"{name}_port"]
            socket.bind(f"ipc://{ip}-{port}" if transport == "ipc" else f"{transport}://{ip}:{port}")
            return socket

        self.shell = bind(zmq.ROUTER, "shell")
        self.control = bind(zmq.ROUTER, "control")
        self.stdin = bind(zmq.ROUTER, "stdin")
        self.heartbeat = bind(zmq.REP, "hb")
        self.iopub = bind(zmq.PUB, "iopub")

    def frames(self, kind, content, parent, topic=None, buffers=()):
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "kernel",
            "date": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()),
            "version": "5.3",
        }
        parts = [json.dumps(part).encode() for part in (header, parent, {}, content)]
        digest = hmac.new(self.key, digestmod=hashlib.sha256)
        for part in parts:
            digest.update(part)
        head = [topic or b"", DELIMITER, digest.hexdigest().encode()]
        return [*head, *parts, *buffers]

    def publish(self, kind, content, parent, buffers=()):
        self.iopub.send_multipart(self.frames(kind, content, parent, kind.encode(), buffers), copy=False)

    def reply(self, socket, identities, kind, content, parent):
        socket.send_multipart([*identities, *self.frames(kind, content, parent)[1:]])

    def execute(self, order, parent, buffers):
        prepared = []
        if "publish" in order:
            content = {"name": "stdout", "text": "x" * order.get("size", 20)}
            prepared = [self.frames("stream", content, parent, b"stream") for _ in range(order["publish"])]
        elif "display" in order:
            content = {"data": {"text/plain": "x" * order["display"]}, "metadata": {}}
            prepared = [self.frames("display_data", content, parent, b"display_data")]
        elif "buffer" in order:
            content = {"data": {"text/plain": "b"}, "metadata": {}}
            prepared = [self.frames("display_data", content, parent, b"display_data", [b"\x01" * order["buffer"]])]
        # The signal that what follows is prepared: a client starts its clock here.
        self.publish("clear_output", {"wait": False}, parent)
        for frames in prepared:
            self.iopub.send_multipart(frames, copy=False)
        return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {},
                "received": sum(len(buffer) for buffer in buffers)}

    def handle(self, socket):
        message = socket.recv_multipart()
        split = message.index(DELIMITER)
        identities, rest = message[:split], message[split + 2:]
        header = json.loads(rest[0])
        kind = header["msg_type"]
        self.publish("status", {"execution_state": "busy"}, header)
        if kind == "kernel_info_request":
            content = {
                "status": "ok", "protocol_version": "5.3", "implementation": "bench", "implementation_version": "1",
                "language_info": {"name": "bench", "version": "1", "mimetype": "text/plain", "file_extension": ".txt"},
                "banner": "", "help_links": [],
            }
        elif kind == "execute_request":
            content = self.execute(json.loads(json.loads(rest[3])["code"] or "{}"), header, rest[4:])
        else:
            content = {"status": "ok", "restart": False}
        self.reply(socket, identities, kind.replace("_request", "_reply"), content, header)
        self.publish("status", {"execution_state": "idle"}, header)
        return kind != "shutdown_request"

    def run(self):
        poller = zmq.Poller()
        for socket in (self.shell, self.control, self.heartbeat):
            poller.register(socket, zmq.POLLIN)
        self.publish("status", {"execution_state": "starting"}, {})
        running = True
        while running:
            for socket, _ in poller.poll():
                if socket is self.heartbeat:
                    socket.send(socket.recv())
                else:
                    running = self.handle(socket) and running


Kernel(sys.argv[1]).run()
