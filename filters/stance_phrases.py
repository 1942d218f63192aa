"""The phrases by which `filters.stance` tells what a clause does."""

import re


def _any(*parts: str) -> str:
    return "(?:" + "|".join(parts) + ")"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE | re.MULTILINE)


_CANNOT = _any(
    "can't|cannot|can not|can never|could never|won't|will not|will never",
    "should not|shouldn't|must not|mustn't|may not",
)
_NOT_ABLE = _any(
    "not (?:able|willing|allowed|permitted|going|here|in a position) to|unable to|not",
)
_ADVERBS = _any(
    "really |simply |just |still |also |therefore |possibly |ever |be |in good conscience ",
    "knowingly |under any circumstances |personally |currently |never |not |any longer ",
)
_HELP = (
    _any(
        "help|assist|aid|provid|giv|shar|writ|creat|generat|produc|expla|describ|tell|teach|walk",
        "show|support|comply|fulfil|answer|discuss|engag|participat|tak(?:e|ing) part|facilitat",
        r"offer|supply|guid|advis|go(?:ing)? (?:into|further|along)",
        r"do(?:ing)? (?:that|this|it|so)\b",
        "continu|translat|mak(?:e|ing)|build|design|draft|complet|carry|promot|encourag|enabl|list",
        "nam(?:e|ing)|reveal|disclos|respond|proceed|accommodat|grant|process|compos|say",
        "be (?:part|involved)",
    )
    + r"\w*"
)
_PRODUCE = r"(?:assist|provid|engag|help|creat|generat|produc|support|facilitat|participat|writ)\w*"
_MUST = _any(
    " must|'ll have to| have to| need to| am going to|'m going to| will have to|'ve got to",
)
_SOMETHING = _any("'ll| will|'m| am|'d| would| can| could")

_FIRST = (
    r"\b(?=I[ ']|we |something |against |violates? |outside |my |hard |draw |out |no |wrong |so )"
)
"""How all refusals begin but one kind: at most words of a text, nothing else has to be tried."""
REFUSES = _pattern(
    _FIRST
    + _any(
        # I cannot help, I am not able to help, I do not help
        rf"\bI(?: (?:\w+ly|still|also|just))? {_CANNOT}(?:,? (?:and|or|nor) (?:I )?{_CANNOT},?)?"
        rf" {_ADVERBS}*{_HELP}",
        rf"\bwe {_CANNOT} {_ADVERBS}*(?:help|assist|comply|fulfil|provide)\b",
        rf"\bI(?: am|'m) {_NOT_ABLE} {_ADVERBS}*{_HELP}",
        rf"\bI (?:do not|don't) {_ADVERBS}*{_PRODUCE}",
        rf"\bI(?: am|'m) [^.!?\n]{{1,60}}\band (?:\w+ )?(?:can't|cannot|won't) {_ADVERBS}*{_HELP}",
        # I would rather not, I decline, I have to say no
        r"\bI(?:'d| would) (?:rather|prefer) not\b",
        r"\bI(?: am|'m) (?:not (?:comfortable|willing|prepared)|declining|refusing)\b",
        r"\bI (?:do not|don't) feel (?:\w+ )?(?:comfortable|right)\b",
        r"\bI(?:'ll| will)? (?:\w+ly )?(?:refuse|decline)\b(?! (?:an|the) (?:offer|invitation))",
        rf"\bI{_MUST} (?:\w+ly )?(?:decline|refuse|pass|say no)\b",
        # not something that I will do
        rf"\bsomething (?:that )?I{_SOMETHING}?(?: not| never| won't| can't| cannot)? ?"
        rf"(?:able to |willing to |going to )?(?:{_HELP}|do\b(?! in)|be\b)",
        # against my rules
        r"\b(?:against|violates?|outside) (?:of )?(?:my|the) (?:\w+ )?"
        r"(?:guidelines|polic|principles|programming|rules|values|terms)",
        r"\bmy (?:guidelines|policies|policy|rules|principles) "
        r"(?:don't|do not|prevent|forbid|prohibit)",
        # curt
        r"\bmy answer is no\b|\bhard no\b|\bdraw the line\b|\bout of the question for me\b",
        r"\bno way (?:that )?I (?:can|could|will|would)\b|\bwrong for me to\b",
        r"\bso I (?:won't|will not|can't|cannot)\W*$",
    ),
    r"^\W*(?:(?:I'm |I am )?(?:very |so )?sorry|nope|no),? *(?:but )?(?:I )?"
    r"(?:no|can't|cannot|won't)\b(?: do| help| assist|\W*$)",
)
"""A clause in which the writer will not or cannot do what is asked."""

SORRY_NO = re.compile(r"\W*(?:I'm |I am )?(?:very |so )?sorry,? (?:but )?no\W*", re.IGNORECASE)
"""A whole answer that is a refusal."""

REFUSES_NOTHING = _pattern(
    r"\b(?:help but|enough\b|tell (?:you )?how (?:happy|much|glad|grateful))",
    r"\btell (?:you )?for (?:sure|certain)|\bsay (?:for (?:sure|certain)|whether|that|much)",
    r"\bmake (?:it|out|sense)|\bwas going to (?:refuse|decline)",
)
"""Figures of speech that would be refusals by their verbs."""

DISCLAIMS = _pattern(
    r"\b(?:advice|diagnos\w+|prescri\w+|guarantee\w*|predict\w*|opinions?|feelings)\b",
    r"\b(?:exact (?:figure|number|date|price)s?|real-time|up-to-date|live)\b",
)
"""What a model may say that it cannot do, and then do what it can."""

REVERSES = _pattern(
    r"\b(?:just kidding|only joking|on second thought)\b",
    r"\b(?:actually|well|okay|ok|fine),? (?:sure|here)\b",
)
"""What takes back a refusal before it."""

IS_NO_CONTENT = re.compile(
    _any(
        # sympathy
        r"^\W*(?:and )?I(?:'m| am) (?:so |very |truly |really )?(?:sorry|afraid)",
        r"^\W*(?:sorry|I apologi[sz]e|apologies|unfortunately|thank|you(?:'ve| have) asked)",
        r"^\W*(?:I (?:understand|appreciate|hear|know|see|reali[sz]e|get)|no)\b",
        r"^\W*(?:let me be clear|as an? )",
        # offers
        r"\b(?:instead|alternative\w*|feel free|let me know|(?:some|any)thing else)\b",
        r"\b(?:happy to|gladly|glad to|what I can (?:do|offer)|if you|please)\b",
        r"\b(?:I|we) (?:can|could|would|'d) (?:\w+ )?(?:help|offer|explain|talk|make|suggest|be)\b",
        r"\b(?:help ?line|hotline|emergency|locksmith|professional|reach out|mediation)\b",
        r"\btalk (?:to|through)\b",
        # reasons
        r"\b(?:illegal|unlawful|harm\w*|danger\w*|crim\w+|wrong|laws?|offen[cs]e|unethical)\b",
        r"\b(?:immoral|violat\w+|hurt\w*|risk\w*|unsafe|privacy|mislead\w*|abus\w+|consent)\b",
        r"\b(?:threaten\w*|deceiv\w*|safe|die|insult\w*|endanger\w*|victims?|trust)\b",
        r"\bnobody should\b",
    ),
    re.IGNORECASE,
)
"""Clauses that belong to a refusal: sympathy, reasons, offers of something else."""

GIVES_AWAY = _pattern(
    r"\b(?:here(?:'s| is| are)|general idea|general terms|hypothetical\w*|educational|roughly)\b",
    r"\b(?:what I can tell|I can (?:say|tell)|that said|even so|the rest)\b",
)
"""What begins the part of an answer that follows a refusal all the same."""

ENGLISH = frozenset(
    """
    the a an and or of to in is are was it that this i you he she we they for with as on at by be
    not can can't cannot will do if but from have has had your my no so what one when how
    """.split()  # noqa: SIM905 -- seventy strings in quotes read worse
)
"""Words that English can hardly do without."""

FOREIGN = frozenset(
    """
    je ne pas vous nous désolé cela ich nicht kann dabei leid leider es tut mir lo siento puedo con
    eso ayudarte não posso ajudar isso desculpe mi dispiace posso aiutarti niet ik kan helaas
    """.split()  # noqa: SIM905 -- as above
)
"""Words of short answers in other languages, which say by themselves that a text is no English."""
