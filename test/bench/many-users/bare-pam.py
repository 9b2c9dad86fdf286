"""Times of one process that asks PAM: bare-pam.py SERVICE USER ROUNDS, with the password on standard input. A line of milliseconds per round."""

import ctypes
import ctypes.util
import sys
import time

service, user, rounds = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
password = sys.stdin.readline().rstrip("\n").encode()
pam = ctypes.CDLL("libpam.so.0")
c = ctypes.CDLL(None)
c.calloc.restype = ctypes.c_void_p
c.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
c.strdup.restype = ctypes.c_void_p
c.strdup.argtypes = [ctypes.c_char_p]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


talk_type = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p
)


class Conversation(ctypes.Structure):
    _fields_ = [("talk", talk_type), ("data", ctypes.c_void_p)]


@talk_type
def talk(count, _messages, responses, _data):
    # PAM frees what it is given.
    memory = c.calloc(count, ctypes.sizeof(Response))
    answers = ctypes.cast(memory, ctypes.POINTER(Response))
    for index in range(count):
        answers[index].text = c.strdup(password)
    responses[0] = memory
    return 0


def check(handle, code, what):
    if code != 0:
        sys.exit(f"{what}: PAM {code}")


conversation = Conversation(talk, None)
for _ in range(rounds):
    begun = time.perf_counter()
    handle = ctypes.c_void_p()
    check(handle, pam.pam_start(service, user, ctypes.byref(conversation), ctypes.byref(handle)), "start")
    check(handle, pam.pam_authenticate(handle, 0), "authenticate")
    check(handle, pam.pam_acct_mgmt(handle, 0), "account")
    pam.pam_end(handle, 0)
    print((time.perf_counter() - begun) * 1000)
