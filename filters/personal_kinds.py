"""Where a text holds data of persons, or secrets: one finder for each kind.

Every finder is linear in the text: patterns are bounded and start at a border. What is reserved for
documentation, or known from every manual, is not counted.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator

from factory.errors import Unjudged

_MAX_CANDIDATES = 10_000

_EMAIL = re.compile(
    r"(?<![\w.%+@/-])([\w.%+-]{1,64})@((?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,6}([A-Za-z]{2,24}))"
    r"(?![\w@(\[-]|\.\w)",
    flags=re.ASCII,
)
_TOP_LEVEL = frozenset(
    """
    com org net edu gov mil int info biz name pro app dev cloud online shop site store tech xyz
    email mail blog news group team company agency studio design wiki today world life live space
    """.split()  # noqa: SIM905 -- so many quotes read worse
)
"""Of the longer ones the common; any of two letters may be a country. `x@w.shape` is a product."""
_RESERVED_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example\.(?:com|net|org)|example|test|invalid|localhost)"
)

_PHONE = re.compile(
    r"(?<![\w+)\]}.$-])\+\d[\d() .-]{6,20}\d(?!\d)"
    r"|(?<![\w+.$-])(?:\+?1[-. ])?(?:\(\d{3}\) ?\d{3}[-.]|\d{3}-\d{3}-|\d{3}\.\d{3}\.)\d{4}"
    r"(?![\w-]|\.\d)",
    flags=re.ASCII,
)
_FICTIONAL_PHONE = re.compile(
    r"1?\d{3}55501\d\d|447700900\d{3}|44(?:0)?20794[60]\d{4}|441632960\d{3}|1?\d{3}5551212"
)

_CARD = re.compile(
    r"(?<![\w.,-])(?<!\d )(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3[47]\d\d([ -])\d{6}\2\d{5}|\d{13,19})"
    r"(?![\w-]|\.\d| \d)",
    flags=re.ASCII,
)
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[47]|35|30[0-5]|3[68]|6011|65|64[4-9]|62")
_CARD_WORD = re.compile(
    r"\b(?:card|visa|master ?card|amex|american express|credit|debit|cvv|cvc)\b", re.I
)
_MANUAL_CARDS = frozenset(
    """
    4111111111111111 4242424242424242 4012888888881881 4000056655665556 5555555555554444
    5105105105105100 2223003122003222 378282246310005 371449635398431 6011111111111117
    6011000990139424 30569309025904 3530111333300000 3566002020360505 4222222222222 4000000000000002
    """.split()  # noqa: SIM905 -- as above
)

_IBAN = re.compile(
    r"(?<![\w])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
_MANUAL_IBANS = frozenset(
    """
    GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555 DE89370400440532013000
    FR1420041010050500013M02606 NL91ABNA0417164300 CH9300762011623852957 BE68539007547034
    ES9121000418450200051332 IT60X0542811101000000123456 AT611904300234573201
    """.split()  # noqa: SIM905 -- as above
)

_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_SSN = re.compile(r"(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-]|\.\d)", re.ASCII)
_MANUAL_SSNS = ("123-45-6789", "078-05-1120", "219-09-9999", "457-55-5462")

_SECRET = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,255}"
    r"|github_pat_[A-Za-z0-9_]{40,255}|glpat-[\w-]{20,64}|sk-[\w-]{20,255}"
    r"|(?:sk|rk)_live_[A-Za-z0-9]{16,255}|xox[abprs]-[A-Za-z0-9-]{10,255}|AIza[\w-]{35}|hf_[A-Za-z]{30,40}"
    r"|npm_[A-Za-z0-9]{36}|pypi-AgEI[\w-]{50,500}|SG\.[\w-]{22}\.[\w-]{43}"
    r"|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10,2000})(?![A-Za-z0-9_-])"
    r"|-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}",
    flags=re.ASCII,
)

_CODE_OR_MATH = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,500}`|\$\$[^$]{1,5000}\$\$|\$(?=\S)[^$\n]{1,500}(?<=\S)\$(?!\d)"
    r"|\\\[(?:(?!\\[\[\]]).){1,5000}\\\]|\\\((?:(?!\\[()]).){1,2000}\\\)"
    r"|\\boxed\{[^{}\n]{0,500}\}",
    flags=re.DOTALL,
)


def without_code_and_math(text: str) -> str:
    """The text with code and formulas left out: their numbers are nobody's."""
    return _CODE_OR_MATH.sub(" ", text)


def emails(text: str) -> Iterator[int]:
    """Where e-mail addresses begin; `git@host` and reserved domains are none."""
    if "@" not in text:
        return
    for found in _EMAIL.finditer(text):
        local, domain, top = found[1], found[2].lower(), found[3].lower()
        known = len(top) == 2 or top in _TOP_LEVEL
        if known and local != "git" and not _RESERVED_DOMAIN.fullmatch(domain):
            yield found.start()


def phones(text: str) -> Iterator[int]:
    """Where phone numbers begin: with `+` of any country, or in the North American form.

    A number must be possible and valid by its country's plan (`phonenumbers`); numbers that are
    set aside for fiction are none.
    """
    from phonenumbers import NumberParseException, is_valid_number, parse

    for found in _candidates(_PHONE, text):
        digits = re.sub(r"\D", "", found[0])
        try:
            valid = is_valid_number(parse(found[0], None if found[0].startswith("+") else "US"))
        except NumberParseException:
            continue
        if valid and not _FICTIONAL_PHONE.fullmatch(digits):
            yield found.start()


def cards(text: str) -> Iterator[int]:
    """Where payment card numbers begin: issuer, length and Luhn's check digit fit.

    Digits without groups count only within forty characters after a word such as `card`.
    """
    from stdnum import luhn

    for found in _candidates(_CARD, text):
        digits = re.sub(r"\D", "", found[0])
        grouped = not found[0].isdigit()
        near = grouped or _CARD_WORD.search(text, max(0, found.start() - 40), found.start())
        if near and _ISSUER.match(digits) and luhn.is_valid(digits) and digits not in _MANUAL_CARDS:
            yield found.start()


def ibans(text: str) -> Iterator[int]:
    """Where bank account numbers begin whose country, length and check digits fit."""
    from stdnum import iban

    for found in _candidates(_IBAN, text):
        words = found[0].split(" ")
        while words:  # capitals that follow are not part of it
            compact = "".join(words)
            if iban.is_valid(compact):
                if compact not in _MANUAL_IBANS:
                    yield found.start()
                break
            words.pop()


def addresses(text: str) -> Iterator[int]:
    """Where public IP addresses begin.

    Private and documentation networks are none, nor is what looks like a version or a section
    (four numbers below 10, or a word such as `version` before it).
    """
    for found in _candidates(_IPV4, text):
        parts = [int(part) for part in found[0].split(".")]
        before = text[max(0, found.start() - 12) : found.start()].rstrip().lower()
        versioned = before.endswith(("version", "release", "section", "v", "§", "v."))
        if max(parts) >= 10 and not versioned and _is_public(found[0]):
            yield found.start()
    for found in _candidates(_IPV6, text):
        if _is_public(found[0]):
            yield found.start()


def ssns(text: str) -> Iterator[int]:
    """Where social security numbers of the United States begin that may have been issued."""
    from stdnum.us import ssn

    for found in _candidates(_SSN, text):
        if found[0] not in _MANUAL_SSNS and ssn.is_valid(found[0]):
            yield found.start()


def secrets(text: str) -> Iterator[int]:
    """Where keys and tokens begin that services give out, by their form.

    Placeholders are none: what says EXAMPLE, or has fewer than ten different signs.
    """
    for found in _SECRET.finditer(text):
        if "EXAMPLE" not in found[0].upper() and len(set(found[0][4:])) >= 10:
            yield found.start()


FINDERS: dict[str, tuple[Callable[[str], Iterator[int]], bool]] = {
    "email": (emails, True),
    "phone": (phones, False),
    "card": (cards, False),
    "iban": (ibans, False),
    "ip_address": (addresses, True),
    "ssn": (ssns, False),
    "secret": (secrets, True),
}
"""Finder by kind, and whether it looks into code and formulas too."""


def _candidates(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches, which a slower check looks at one by one; so many that this ends.

    Raises:
        Unjudged: `too_many_candidates`.
    """
    for count, found in enumerate(pattern.finditer(text)):
        if count >= _MAX_CANDIDATES:
            raise Unjudged("too_many_candidates")
        yield found


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast
