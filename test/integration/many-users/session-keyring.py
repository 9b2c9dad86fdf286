"""Speaks with the kernel's session keyring: `hold SECRET PROGRAM…` puts a key into a fresh one and becomes the program, `find` looks for one."""

import ctypes
import os
import platform
import sys

ADD_KEY, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
JOIN, SEARCH, READ = 1, 10, 11
SESSION = -3
libc = ctypes.CDLL(None, use_errno=True)


def call(*words):
    return libc.syscall(*words)


def add(name, secret):
    return call(ADD_KEY, b"user", name.encode(), secret.encode(), len(secret), SESSION)


def find(name):
    """The content of the key, or the name of the error."""
    key = call(KEYCTL, SEARCH, SESSION, b"user", name.encode(), 0)
    if key < 0:
        return os.strerror(ctypes.get_errno())
    content = ctypes.create_string_buffer(256)
    length = call(KEYCTL, READ, key, content, len(content))
    return os.strerror(ctypes.get_errno()) if length < 0 else content.raw[:length].decode()


if __name__ == "__main__" and sys.argv[1:2] == ["hold"]:
    secret, program, *words = sys.argv[2:]
    if call(KEYCTL, JOIN, None) < 0 or add("of-root", secret) < 0:
        sys.exit(f"no keyring: {os.strerror(ctypes.get_errno())}")
    os.execvp(program, [program, *words])
