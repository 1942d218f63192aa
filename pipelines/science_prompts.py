"""What teachers are told who write science questions.

Each asks for a reply that `pipelines.science_reading` reads, or for a verdict.
"""

SUBTOPICS = """\
You plan a collection of exam questions. Name {number} different subtopics of "{topic}" in {field}
that between them cover it well. Give a numbered list, a name of a few words on each line, and
nothing else.
"""
DIFFICULTIES = {
    "intermediate": "Intermediate: a good first-year student can answer it in two or three steps.",
    "complex": "Complex: it takes several steps that draw on more than one idea.",
    "hard": "Hard: most graduates of the field get it wrong the first time.",
    "brutal": "Brutal: even a specialist has to work on it for long and may well fail.",
    "borderline unsolvable": (
        "Borderline unsolvable: only a handful of people can answer it, but the answer is certain."
    ),
}
FORMS = {
    0: """an open question whose answer is one number with its unit or one short term. Reply with
Question: <the question>
Answer: <the number or term alone>""",
    4: """a question with four options, A to D, of which one alone is right. Reply with
Question: <the question>
A) <option>
and so on, one option on each line, and last
Answer: <the letter of the right option>""",
    10: """a question with ten options, A to J, of which one alone is right. Reply with
Question: <the question>
A) <option>
and so on, one option on each line, and last
Answer: <the letter of the right option>""",
}
WRITE = """\
Write an exam question in {field}: topic {topic}, subtopic {subtopic}.

{difficulty} Everything that is needed to answer it stands in the question; it refers to no figure
and to no other text. It takes reasoning, not looking up.

Write {form}
"""
SIMILAR = """\
Here is a question in {field}:

{problem}

Write a similar one: the same idea, but with other substances, bodies, numbers or circumstances, so
that its answer is another. It stands by itself.

Write {form}
"""
INSPIRED = """\
Here is a question in {field}:

{problem}

Write a new one that it gives you the idea for: on a neighbouring part of the field, as hard or
harder, and not answered by the same line of thought. It stands by itself.

Write {form}
"""
EXTRACT = """\
Below is what somebody asked in a forum, and the best answer. If a science question with one short,
certain answer is discussed, a number with its unit or a term, write it so that it can be understood
and answered without the forum. Take the answer from the discussion alone. Reply with

Question: <the question>
Answer: <the number or term, or "none" if the discussion gives no such answer>

If there is no such question, reply "No question".

Asked:
{problem}

Answered:
{context}
"""
ANSWERABLE = """\
Read this exam question:

{problem}

Can it be answered by reasoning from what stands there and from established science, and has it one
right answer only? Explain in a sentence or two. Then end with a line of its own: "Verdict: yes" or
"Verdict: no".
"""
