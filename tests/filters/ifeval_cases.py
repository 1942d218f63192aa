"""Answers and instructions on which our checker is held against the official one."""

from typing import Any

RESPONSES = [
    # nothing, or nearly
    "",
    " \n\t\n ",
    ".",
    "*",
    "7",
    "\x00",
    "\ud800",
    "\u202eabc\u202c",
    "\u200b",
    # plain prose
    "Hello there.",
    "The river rose overnight, and the bridge was closed by noon. Nobody crossed it until May.",
    "the river rose overnight and the bridge was closed by noon. nobody crossed it until may.",
    "THE RIVER ROSE OVERNIGHT AND THE BRIDGE WAS CLOSED BY NOON. NOBODY CROSSED IT UNTIL MAY.",
    "I think that it is OK. The USA and the UK sent I'M, CAN'T and NASA's X-RAY; A B C.",
    "Dr. Smith met Mrs. Jones at 5 p.m. on Main St. They spoke of the U.S. economy. It grew 3.5%!",
    "Wait... what? No! Yes!! Really?! (He said so.) \"She agreed.\" 'They did.' End",
    "One. Two. Three. Four. Five. Six. Seven. Eight. Nine. Ten. Eleven.",
    "cannot gonna wanna gimme lemme CANNOT GONNA WANNA -- don't DON'T we'll WE'LL e.g. i.e. etc.",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "This sentence has exactly the word apple, then Apple, then pineapples and APPLE.",
    "banana " * 12,
    "zzz ZZZ zZz \u212a \u0130 \u00df \u1e9e \ufb01",
    "C++ and C# and C are languages. a.b axb [x] (y) {z} ^ $ | \\ /",
    # other languages
    "Der Fluss stieg \u00fcber Nacht, und die Br\u00fccke wurde bis zum Mittag gesperrt.",
    "El r\u00edo subi\u00f3 durante la noche y cerraron el puente antes del mediod\u00eda.",
    "La rivi\u00e8re est mont\u00e9e la nuit. Le pont a \u00e9t\u00e9 ferm\u00e9 avant midi.",
    "\u0420\u0435\u043a\u0430 \u043f\u043e\u0434\u043d\u044f\u043b\u0430\u0441\u044c "
    "\u0437\u0430 \u043d\u043e\u0447\u044c. \u041c\u043e\u0441\u0442 "
    "\u0437\u0430\u043a\u0440\u044b\u043b\u0438.",
    "\u591c\u306e\u9593\u306b\u5ddd\u304c\u5897\u6c34\u3057\u307e\u3057\u305f\u3002"
    "\u6a4b\u306f\u9589\u9396\u3055\u308c\u305f\u3002",
    "\u0627\u0644\u0646\u0647\u0631 \u0627\u0631\u062a\u0641\u0639 "
    "\u062e\u0644\u0627\u0644 \u0627\u0644\u0644\u064a\u0644\u060c "
    "\u0648\u0623\u063a\u0644\u0642 \u0627\u0644\u062c\u0633\u0631.",
    "\u039f \u03c0\u03bf\u03c4\u03b1\u03bc\u03cc\u03c2. "
    "\u039f\u0394\u039f\u03a3 \u03b5\u03ba\u03b5\u03af",
    "The bridge is closed. Die Br\u00fccke ist gesperrt. Le pont est ferm\u00e9. El puente.",
    "123 456 789",
    "https://example.org/a?b=c me@example.org",
    # lists and markdown
    "* one\n* two\n* three",
    "- one\n- two\n\n  - three\n---\n+ four\n1. five",
    "*\n* two\n *  three\n** not one **\n***\n* * *",
    "\n\n\n   * late\n\n\n\t- later\n",
    "*bold* and **strong** and ***both*** and * * and ** ** and *open\nnext*",
    "**Title**\n\n* *a* b *c*\n* **a** b **c**",
    "# Title\n\nText with `code`.\n\n```python\nx = [1, 2][0] * 2 - 1\n```\n",
    "Dear [name], come to [address] at [time]. [] [[nested]] [open\nnext]",
    "[a][b] [c](https://d.e) ]f[ [g",
    "<<A Poem of Rivers>>\n\nThe water climbs.",
    "<<>> <<<>>> << >> <<\n>> <a>",
    "<< <<x>> >>\n<<y>z>>",
    # sections, paragraphs, dividers
    "SECTION 1\nalpha\nSECTION 2\nbeta\nSECTION 3\ngamma",
    "Section 1: a. Section 22 b. Section3. section 4. Day 1\nDay 2\nPART 1 PART 2",
    "first\n***\nsecond\n***\nthird",
    "***\nfirst\n***\nsecond\n***",
    "first\n***\n\n***\nsecond",
    "first ****** second",
    "same\n******\nsame",
    "******first******second******",
    "first******   ******second",
    "alpha one.\n\nbravo two.\n\ncharlie three.",
    'alpha\n\n\n\n"bravo", he said.\n\n\'"charlie\n\ndelta',
    "\n\nalpha first\n\nBravo! second\n\n",
    "alpha\nbravo\n\nbravo.charlie\n\n\u039f\u0394\u039f\u03a3 bravo",
    # JSON
    '{"a": [1, 2, {"b": null}], "c": "d, e"}',
    '```json\n{"a": 1}\n```',
    "```JSON\n[1, 2, 3]```",
    "```\nNaN\n```",
    '```json\n```json\n"twice"\n```',
    '{"a": 1,}',
    '{"a": 1} and more',
    '"just a string, with a comma"',
    "9" * 5000,
    # options, ends, quotations, postscripts, repetitions
    "My answer is yes.",
    "Well, I say: My answer is maybe. That is all.",
    "My answer is no",
    '"My answer is no. Is there anything else I can help with?"',
    "All done. Any other questions?",
    'All done. any other QUESTIONS?"" ',
    '"',
    '""',
    ' "quoted, from end to end" ',
    "\u201cquoted\u201d",
    "Text.\n\nP.S. One more thing.",
    "Text.\n\nP. S. One.\n\np.p.s and P. P. S: two",
    "Text.\n\nPS: no dots. P.P.S. two",
    "Note: this is a note, nota bene. 2+2",
    "Write a poem about a river, please.\n\nThe water climbs.",
    "  WRITE A POEM ABOUT A RIVER, PLEASE. No.",
    "Sure! Write a poem about a river, please.\nThe water climbs.",
    "Sure!\nWrite a poem about a river, please.\nThe end, with a comma",
    "Here it is:\n*my answer is* My answer is **yes.**\nBye",
    "Intro, with a comma\nthe middle has none\nOutro, with a comma",
    'Certainly! Here is the JSON:\n{"a": [1]}\nAnything else?',
    "Sure thing:\nTHE BRIDGE WAS CLOSED BY NOON AND NOBODY CROSSED THE RIVER IN THAT MONTH.",
    'As you wish:\n"quoted, from end to end"',
    "Here it comes.\n<<Title>>\n*",
    "*\ntail\n- one",
    "Text.\n\nP. P. S. two",
    "INTRO\nall of the lines here are small and english as they should be\nOUTRO",
]

FRAGMENTS = [
    *(
        "\n",
        "\n\n",
        "\n\n\n",
        " ",
        "\t",
        "\r",
        "\x0b",
        "\x85",
        "\u00a0",
        "\u2028",
        "\x00",
        "\ud800",
    ),
    *(
        "*",
        "**",
        "***",
        "******",
        "* ",
        "-",
        "- ",
        "--",
        "\u2014",
        "[",
        "]",
        "[a]",
        "<",
        ">",
        "<<",
        ">>",
    ),
    *("{", "}", '{"a":1}', "```", "```json", '"', "'", "''", "``", "\u201c", "\u2019", "(", "))"),
    *(".", "!", "?", ", ", "...", "; ", ":", "@", "#", "$5", "50%", "1.5", "1,000", "2"),
    *("a", "b c", "river", "Bravo", "alpha", "\u03a9 \u03a3", "\u039f\u0394\u039f\u03a3", "\u0130"),
    *("Mr. ", "U.S.", "e.g. ", "A.B.C.", "I'M", "CAN'T", "cannot", "GONNA", "P.S.", "p. p. s"),
    *("Section 1", "SECTION ", "My answer is yes.", "yes.", "Any other questions?"),
    "Write a poem about a river, please.",
]
"""What random answers are put together from."""

NUMBERS = [1, 2, 3, 10]
RELATIONS = ["less than", "at least"]
_BOTH = [(number, relation) for number in NUMBERS for relation in RELATIONS]

INSTRUCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("keywords:existence", {"keywords": ["river"]}),
    ("keywords:existence", {"keywords": ["bridge", "RIVER", "noon"]}),
    ("keywords:existence", {"keywords": ["C++", "a.b"]}),
    ("keywords:existence", {"keywords": ["a|\u0435"], "num_words": None}),
    *[
        ("keywords:frequency", {"keyword": keyword, "frequency": number, "relation": relation})
        for keyword, number, relation in [
            ("apple", 3, "at least"),
            (" banana ", 12, "at least"),
            ("a", 5, "less than"),
            ("I", 2, "less than"),
            ("\u0130", 1, "at least"),
            ("[aeiou]", 9, "at least"),
            (" ", 3, "less than"),
        ]
    ],
    ("keywords:forbidden_words", {"forbidden_words": ["river"]}),
    ("keywords:forbidden_words", {"forbidden_words": ["app", "the", "the"]}),
    ("keywords:forbidden_words", {"forbidden_words": ["C++", "C#", "x|two"]}),
    *[
        (
            "keywords:letter_frequency",
            {"letter": letter, "let_frequency": number, "let_relation": relation},
        )
        for letter, number, relation in [
            ("e", 3, "at least"),
            ("E", 3, "less than"),
            ("z", 1, "at least"),
            ("k", 1, "at least"),
            ("\u212a", 2, "less than"),
            ("q", 1, "less than"),
        ]
    ],
    *[("language:response_language", {"language": code}) for code in ("en", "de")],
    *[
        ("length_constraints:number_sentences", {"num_sentences": number, "relation": relation})
        for number, relation in _BOTH
    ],
    *[("length_constraints:number_paragraphs", {"num_paragraphs": each}) for each in NUMBERS],
    *[
        ("length_constraints:number_words", {"num_words": number, "relation": relation})
        for number, relation in [*_BOTH, (2.5, "less than")]
    ],
    *[
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": number, "nth_paragraph": place, "first_word": word},
        )
        for number, place, word in [
            (3, 2, "bravo"),
            (3, 1, "alpha"),
            (2, 2, "Bravo"),
            (4, 3, "bravo"),
            (4, 4, "charlie"),
            (1, 1, "\u039f\u0394\u039f\u03a3"),
            (3, 3, "\u039f\u0394\u039f\u03a3"),
            (1, 1, "wait"),
            (2, 1, "write"),
            (1, 1, "the"),
        ]
    ],
    *[("detectable_content:number_placeholders", {"num_placeholders": each}) for each in NUMBERS],
    *[
        ("detectable_content:postscript", {"postscript_marker": marker})
        for marker in ["P.S.", "P.P.S", " P.S. ", "P.P.S.", "PS", "Note:", "n.t", "?note"]
    ],
    *[("detectable_format:number_bullet_lists", {"num_bullets": each}) for each in NUMBERS],
    ("detectable_format:constrained_response", {}),
    ("detectable_format:constrained_response", {"language": None, "keywords": [], "num_words": 0}),
    *[
        ("detectable_format:number_highlighted_sections", {"num_highlights": each})
        for each in NUMBERS
    ],
    *[
        ("detectable_format:multiple_sections", {"section_spliter": word, "num_sections": number})
        for word, number in [
            ("SECTION", 3),
            ("Section", 2),
            (" Day ", 2),
            ("PART", 3),
            ("(SEC)(TION)", 9),
            ("[Ss]ection", 4),
            ("x|Day", 1),
        ]
    ],
    ("detectable_format:json_format", {}),
    ("detectable_format:title", {}),
    ("combination:two_responses", {}),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Write a poem about a river, please."}),
    ("combination:repeat_prompt", {"prompt_to_repeat": " hello THERE"}),
    *[
        ("startend:end_checker", {"end_phrase": phrase})
        for phrase in [
            "Any other questions?",
            "Is there anything else I can help with?",
            " yes.",
            '"quoted"',
            "MAY.",
        ]
    ],
    ("startend:quotation", {}),
    *[
        (
            "change_case:capital_word_frequency",
            {"capital_frequency": number, "capital_relation": relation},
        )
        for number, relation in [*_BOTH, (-1, "at least"), (14, "at least"), (15, "at least")]
    ],
    ("change_case:english_capital", {}),
    ("change_case:english_lowercase", {}),
    ("punctuation:no_comma", {}),
]
