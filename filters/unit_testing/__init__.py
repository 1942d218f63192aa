"""How a program is tested without trusting it: who holds what, and who decides.

    host       holds the nonce; starts the processes, and believes the checker alone   `session`
    checker    a sandboxed process: runs the test's source; holds the expected values  `checker`
    candidate  another: runs the program; answers calls, and sees arguments only       `candidate`
    helpers    one more for each other name of the program that the test uses          `candidate`

`remote` is the program as the checker sees it, `codec` what crosses between the two. These and the
two processes' own modules use the standard library alone, because they run inside the sandbox.
`stdio` compares outputs, `alone` gives late programs a second chance, and `trials` turns what was
said into results.

Known limits, where a wrong program may pass: a test that evaluates what the program returns
(`eval(candidate(1))`) runs the program's text in the checker; a function of the program that the
test calls as a judge can be trusted only where the program text begins with it, as HumanEval's
prompts do; an object of the program's own class answers for itself when the test calls its methods
(`candidate(1).isdigit()`); a test that holds for no items is passed by none
(`numpy.allclose([], 41.0)`).

Known limits, where a right program fails: the test needs `str` of an object of the
program's own class, looks at arguments that were changed in place, captures standard output, or
replaces modules for the program. Other operators on such objects, functions as arguments, and
modules that the sandbox lacks (`pytest`) leave it unjudged.
"""
