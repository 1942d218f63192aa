"""The first process of a long-running confined command: it confines itself and becomes it."""

import json
import os
import sys

from filters.sandbox.inside import confine, kernel


def main() -> None:
    """Become the command of `sys.argv`: limits as JSON, its PYTHONPATH, then the command."""
    _, limits, packages, *command = sys.argv
    if os.getuid() == 0:
        confine.become_nobody()
        kernel.set_dumpable(True)
        kernel.die_with_parent()  # the change of user forgot it
    if os.getpid() == 1:
        uid, gid = os.getuid(), os.getgid()
        kernel.unshare(kernel.NEWUSER)
        kernel.map_user(uid, gid, inner=confine.INNER_USER)
        kernel.drop_capabilities()
    confine.limit(json.loads(limits), own_users=os.getpid() == 1 and confine.counts_users_apart())
    kernel.forbid_new_privileges()
    confine.filter_calls()
    os.environ["PYTHONPATH"] = packages
    os.execvp(command[0], command)
