"""How a program is tested without trusting it: who holds what, and who decides.

    host       holds the nonce; starts the processes, keeps time, believes the checker alone
    checker    a sandboxed process: runs the test's source; holds tests and expected values
    candidate  another sandboxed process: runs the program; answers calls, sees arguments only
    helpers    one more for each function of the program that the test itself calls by name

The modules `codec`, `candidate` and `checker` use the standard library alone, because their source
is what runs inside the sandbox.
"""
