"""What another user of the host tries in order to reach somebody else's kernels.

Reads one JSON object from standard input: who is attacked, where what they have is, and this user's own valid token. Runs every attempt and prints
a JSON list of {"name", "isRefused", "detail"}: an attempt is refused when it ends in an error of the system or of the daemon, or when what it found
holds none of the victim's secrets.
"""

import ctypes
import glob
import json
import os
import signal
import socket
import ssl
import subprocess
import sys

target = json.load(sys.stdin)
results = []


def attempt(name, action):
    """An action that returns succeeded in something that it must not; one that raises OSError was refused."""
    try:
        detail = str(action())[:300]
        refused = False
    except OSError as error:
        detail = type(error).__name__ + ": " + str(error)
        refused = True
    except Refused as error:
        detail = "refused: " + str(error)
        refused = True
    results.append({"name": name, "isRefused": refused, "detail": detail})


class Refused(Exception):
    """The daemon said no."""


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect(path)
    return client


def ask_socket(path, headers=""):
    """Asks an agent or a keeper who it is. Being able to connect is not yet reaching: only a good answer is."""
    client = connect(path)
    client.sendall(("GET /remote-kernels/v1/hello HTTP/1.1\r\nHost: localhost\r\n" + headers + "Connection: close\r\n\r\n").encode())
    return expect_good(read_all(client))


def read_all(client):
    data = b""
    try:
        while len(data) < 1_000_000:
            chunk = client.recv(65536)
            if not chunk:
                break
            data += chunk
    except TimeoutError:
        pass
    return data.decode("utf-8", "replace")


def expect_good(answer):
    """The answer if it tells something of the victim; an error otherwise."""
    line = answer.split("\r\n")[0]
    if " 200 " not in line + " " and " 101 " not in line + " ":
        raise Refused(line or "no answer")
    if target["victim"] not in answer:
        raise Refused("an answer that is not the victim's")
    return answer


def front_door(request):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", target["port"]), timeout=15)
    with context.wrap_socket(raw) as client:
        client.sendall(request.encode("latin-1"))
        return expect_good(read_all(client))


def get(path, headers=""):
    return front_door("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "Connection: close\r\n\r\n")


def read_file(path):
    with open(path, "rb") as file:
        return file.read(100)


def write_file(path):
    with open(path, "ab") as file:
        return file.write(b"x")


def secret_in(text):
    """Readable by everybody by design; what must not be in it is a secret."""
    for secret in target["secrets"]:
        if secret in text:
            return "a secret is in it"
    raise Refused("no secret in it")


def files():
    for path in target["privateFolders"]:
        attempt("list " + path, lambda: os.listdir(path))
        attempt("make a file in " + path, lambda: write_file(path + "/planted"))
        attempt("rename " + path, lambda: os.rename(path, path + "-moved"))
        attempt("give away rights of " + path, lambda: os.chmod(path, 0o777))
    for path in target["privateFiles"]:
        attempt("read " + path, lambda: read_file(path))
        attempt("change " + path, lambda: write_file(path))
        attempt("replace " + path, lambda: os.replace(own("replacement"), path))
        attempt("hard link to " + path, lambda: os.link(path, own("hard-link")))
        attempt("read by a symbolic link " + path, lambda: read_file(link_to(path)))
    for path in target["systemFiles"]:
        attempt("change " + path, lambda: write_file(path))
        attempt("replace " + path, lambda: os.replace(own("replacement"), path))
        attempt("remove " + path, lambda: os.unlink(path))


def own(name):
    """A file of one's own, to be moved or linked somewhere."""
    path = os.path.expanduser("~/" + name)
    if os.path.lexists(path):
        os.unlink(path)
    if name == "replacement":
        with open(path, "w") as file:
            file.write("mine")
    return path


def link_to(path):
    link = own("symbolic-link")
    os.symlink(path, link)
    return link


def sockets():
    for path in target["sockets"]:
        attempt("speak to " + path, lambda: ask_socket(path))
        attempt("speak with a made-up door key to " + path, lambda: ask_socket(path, "x-remote-kernels-door-key: " + "A" * 43 + "\r\n"))
        attempt("speak by a symbolic link to " + path, lambda: ask_socket(link_to(path)))
        attempt("take the place of " + path, lambda: (os.unlink(path), socket.socket(socket.AF_UNIX).bind(path)))
    users = target["usersFolder"]
    attempt("list who has a door", lambda: os.listdir(users))
    attempt("make a door folder", lambda: os.mkdir(users + "/0"))
    attempt("win the race for a door folder", lambda: race(users + "/" + str(target["victimUid"])))
    attempt("put a link in the place of a door folder", lambda: os.symlink("/tmp", users + "/4242"))
    attempt("speak to the supervisor's control socket", lambda: ask_socket(target["controlSocket"]))
    attempt("find a door on an abstract socket", abstract_sockets)


def race(folder):
    """Whoever can rename or remove the folder once can put another one there."""
    for _ in range(200):
        try:
            os.rename(folder, folder + ".old")
            return "renamed"
        except OSError as error:
            last = error
        try:
            os.rmdir(folder)
            return "removed"
        except OSError as error:
            last = error
    raise last


def abstract_sockets():
    with open("/proc/net/unix") as table:
        names = [line.split()[-1] for line in table if "@" in line and "remote-kernels" in line]
    if names:
        return names
    raise Refused("there is none")


def processes():
    libc = ctypes.CDLL(None, use_errno=True)

    def trace(pid):
        if libc.ptrace(16, pid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        libc.ptrace(17, pid, None, None)
        return "attached"

    for name, pid in target["processes"].items():
        base = "/proc/" + str(pid) + "/"
        attempt("environment of the " + name, lambda: read_file(base + "environ"))
        attempt("memory of the " + name, lambda: read_file(base + "mem"))
        attempt("open files of the " + name, lambda: os.listdir(base + "fd"))
        attempt("trace the " + name, lambda: trace(pid))
        attempt("end the " + name, lambda: os.kill(pid, signal.SIGTERM))
        attempt("secrets in the arguments of the " + name, lambda: secret_in(open(base + "cmdline").read()))


def places_of_everybody():
    for path in ("/tmp", "/dev/shm", "/var/tmp"):
        for entry in glob.glob(path + "/*") + glob.glob(path + "/.[!.]*"):
            try:
                found = os.lstat(entry)
            except OSError:
                continue
            if found.st_uid == target["victimUid"]:
                attempt("read the victim's " + entry, lambda: os.listdir(entry) if os.path.isdir(entry) else read_file(entry))
    attempt("find the victim's ports", ports)


def ports():
    """
    A kernel of Python listens on loopback for what its forked children print (ipykernel's IOPubThread), and takes only messages with a random
    mark. It must tell nothing to whoever connects.
    """
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            rows = [line.split() for line in list(lines)[1:]]
        found += [int(row[1].split(":")[1], 16) for row in rows if row[7] == str(target["victimUid"]) and row[3] == "0A"]
    said = ""
    for port in found:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            # The greeting of ZMTP 3.1 with the mechanism NULL, a READY of a subscriber, and a subscription to everything.
            client.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03\x01NULL" + b"\0" * 48)
            client.sendall(b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB\x00\x01\x01")
            said += read_all(client)
    if target["marker"] in said:
        return said
    raise Refused(str(len(found)) + " ports, which tell nothing")


def requests():
    mine = "Authorization: Bearer " + target["ownToken"] + "\r\n"
    path = "/remote-kernels/v1/hello"
    kernels = "/api/kernels"
    kernel = "/api/kernels/" + target["kernelId"]
    attempt("ask without a token", lambda: get(path))
    attempt("ask with a made-up token", lambda: get(path, "Authorization: Bearer " + "A" * 43 + "\r\n"))
    attempt("ask with the token in the address", lambda: get(path + "?token=" + target["ownToken"]))
    attempt("claim to be the victim by a header", lambda: get(path, mine + "X-Forwarded-User: " + target["victim"] + "\r\nX-Remote-User: " + target["victim"] + "\r\n"))
    attempt("claim to be the victim by the token's scheme", lambda: get(path, "Authorization: Basic YWRhOmFkYQ==\r\n"))
    attempt("two tokens", lambda: get(path, mine + "Authorization: Bearer " + "A" * 43 + "\r\n"))
    attempt("send a door key along", lambda: get(path, mine + "x-remote-kernels-door-key: " + "A" * 43 + "\r\n"))
    attempt("an absolute address", lambda: get("http://localhost" + target["sockets"][0] + path, mine))
    attempt("a path with dots", lambda: get("/../../" + str(target["victimUid"]) + path, mine))
    attempt("a path with escaped dots", lambda: get("/%2e%2e/%2e%2e/" + str(target["victimUid"]) + path, mine))
    attempt("the victim's kernel by its id", lambda: get(kernel, mine))
    attempt("the victim's kernel among one's own", lambda: kernel_in(get(kernels, mine)))
    attempt("a second request behind a length that lies", lambda: front_door(smuggled(mine, kernel)))
    attempt("end the victim's kernel", lambda: front_door("DELETE " + kernel + " HTTP/1.1\r\nHost: localhost\r\n" + mine + "Connection: close\r\n\r\n"))
    attempt("sign in as the victim without a password", lambda: front_door(sign_in([])))
    attempt("sign in as the victim with an empty password", lambda: front_door(sign_in([""])))


def kernel_in(answer):
    if target["kernelId"] in answer:
        return answer
    raise Refused("it is not there")


def smuggled(mine, path):
    inner = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nx-remote-kernels-door-key: x\r\n\r\n"
    head = "POST /api/kernels HTTP/1.1\r\nHost: localhost\r\n" + mine
    return head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner


def sign_in(answers):
    body = json.dumps({"username": target["victim"], "answers": answers})
    return "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + str(len(body)) + "\r\nConnection: close\r\n\r\n" + body


def programs():
    attempt("become root", lambda: run(["sudo", "-n", "id"]))
    attempt("change the account", lambda: run(["su", target["victim"], "-c", "id"]))
    folder = target["usersFolder"] + "/" + str(target["victimUid"])
    attempt("open a door of one's own agent in the victim's folder", lambda: open_door(folder))
    attempt("ask the daemon who is signed in", lambda: run(target["command"] + ["status"]))


def run(words, descriptor=None):
    """Whether a program does it; that it fails or is not there is a refusal."""
    passed = () if descriptor is None else (descriptor,)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=40, pass_fds=passed)
    if done.returncode != 0:
        raise Refused((done.stderr.decode() or "exit code " + str(done.returncode)).strip()[:200])
    return done.stdout.decode()


def open_door(folder):
    reader, writer = os.pipe()
    front = {"daemonId": "0" * 32, "pin": "0" * 64, "port": 1}
    os.write(writer, (json.dumps({"folder": folder, "doorKey": "A" * 43, "frontDoor": front}) + "\n").encode())
    os.close(writer)
    if reader != 3:
        os.dup2(reader, 3)
    return run(target["command"] + ["agent", "--json", "--door", folder], 3)


for part in (files, sockets, processes, places_of_everybody, requests, programs):
    part()
print(json.dumps(results))
