"""The start of a long-running confined command: a process that confines itself and becomes it."""

import json
import os
import sys

from filters.sandbox.inside import confine, kernel


def main() -> None:
    """Become the command of `sys.argv`: limits as JSON, its PYTHONPATH, then the command."""
    _, limits, packages, *command = sys.argv
    if os.getuid() == 0:
        confine.become_nobody()
        kernel.set_dumpable(True)  # or its own /proc entries would be root's
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.NEWUSER)
    kernel.map_user(uid, gid, inner=confine.INNER_USER)
    kernel.drop_capabilities()
    confine.limit(json.loads(limits), own_users=confine.counts_users_apart())
    confine.filter_calls()
    confine.filter_namespaces()
    os.environ["PYTHONPATH"] = packages
    os.execvp(command[0], command)
