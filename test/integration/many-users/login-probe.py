"""Prints what a process is given by whoever logged its user in, as one JSON object of words by property."""

import ctypes
import json
import os
import platform
import resource

NOT_SET = str(2**32 - 1)
libc = ctypes.CDLL(None, use_errno=True)


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return None


def audit(name):
    value = read(f"/proc/self/{name}")
    return None if value == NOT_SET else value


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return f"{mask:04o}"


def described(key):
    text = ctypes.create_string_buffer(512)
    length = libc.syscall(keyctl, 6, key, text, len(text))
    return text.value.decode() if length > 0 else f"error {ctypes.get_errno()}"


def session_keyring():
    """The session keyring and what is in it, without serial numbers."""
    content = (ctypes.c_int32 * 64)()
    length = libc.syscall(keyctl, 11, -3, content, ctypes.sizeof(content))
    return " ".join([described(-3), *(described(key) for key in content[: max(length, 0) // 4])])


keyctl = {"x86_64": 250, "aarch64": 219}[platform.machine()]
status = dict(line.split(":", 1) for line in read("/proc/self/status").splitlines())
stat = read("/proc/self/stat").rsplit(")", 1)[1].split()
found = {
    "uid": os.getresuid(),
    "gid": os.getresgid(),
    "groups": sorted(os.getgroups()),
    "umask": umask(),
    "working directory": os.getcwd(),
    "root": os.readlink("/proc/self/root"),
    "nice": os.nice(0),
    "scheduling": [os.sched_getscheduler(0), os.sched_getparam(0).sched_priority],
    "processors": sorted(os.sched_getaffinity(0)),
    "oom_score_adj": read("/proc/self/oom_score_adj"),
    "cgroup": read("/proc/self/cgroup"),
    "leads its session": os.getsid(0) == os.getpid(),
    "leads its group": os.getpgrp() == os.getpid(),
    "terminal": stat[4],
    "personality": read("/proc/self/personality"),
    "timer slack": read("/proc/self/timerslack_ns"),
    "parent death signal": libc.prctl(2, ctypes.byref(signal := ctypes.c_int())) or signal.value,
    "dumpable": libc.prctl(3),
    "securebits": libc.prctl(27),
    "subreaper": libc.prctl(37, ctypes.byref(reaper := ctypes.c_int())) or reaper.value,
    "loginuid": audit("loginuid"),
    "sessionid": audit("sessionid"),
    "session keyring": session_keyring(),
}
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn"):
    found[name] = status[name].strip()
for name in os.listdir("/proc/self/ns"):
    found[f"namespace {name}"] = os.readlink(f"/proc/self/ns/{name}")
for name in dir(resource):
    if name.startswith("RLIMIT_"):
        found[f"limit {name[7:].lower()}"] = resource.getrlimit(getattr(resource, name))
for name, value in os.environ.items():
    found[f"variable {name}"] = value
print(json.dumps({name: str(value) for name, value in found.items() if value is not None}))
