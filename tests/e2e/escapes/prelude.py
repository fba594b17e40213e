"""What every attempt begins with: the stage's places and numbers in `stage`,
system calls by number, and a word for success."""

import array
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

stage = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"
# Numbers of x86-64, and those that all architectures share since.
CALLS = {
    "ptrace": 101 if X86 else 117, "process_vm_readv": 310 if X86 else 270,
    "process_vm_writev": 311 if X86 else 271, "keyctl": 250 if X86 else 219,
    "bpf": 321 if X86 else 280, "perf_event_open": 298 if X86 else 241,
    "userfaultfd": 323 if X86 else 282, "unshare": 272 if X86 else 97,
    "mount": 165 if X86 else 40, "umount2": 166 if X86 else 39,
    "chroot": 161 if X86 else 51, "pivot_root": 155 if X86 else 41,
    "name_to_handle_at": 303 if X86 else 264,
    "open_by_handle_at": 304 if X86 else 265, "setns": 308 if X86 else 268,
    "memfd_create": 319 if X86 else 279, "sethostname": 170 if X86 else 161,
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "pidfd_open": 434, "clone3": 435,
    "pidfd_getfd": 438, "mount_setattr": 442, "fanotify_init":
    300 if X86 else 262,
}


def call(name, *words):
    """The answer of a system call; below 0 it failed."""
    return libc.syscall(ctypes.c_long(CALLS[name]), *[
        ctypes.c_long(w) if isinstance(w, int) else w for w in words])


def tell(what):
    print("ESCAPED", what, flush=True)


def write(path, text="escaped"):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        print(path, error)


def read(path):
    try:
        with open(path, "rb") as file:
            print(file.read(100000))
    except OSError as error:
        print(path, error)


def attempt(what, *words):
    """Calls, and goes on whatever comes of it."""
    try:
        return what(*words)
    except (OSError, subprocess.SubprocessError) as error:
        print(what, words, error)
        return None


def shell(text):
    done = subprocess.run(["/bin/sh", "-c", text], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30)
    print(done.stdout.decode(errors="replace"))


OUT = stage["outside"]
WORK = stage["workspace"]
HOME = stage["home"]
