from random import Random

import pytest

from factory.apply import apply_filter
from factory.records import Verdict
from filters.personal_data import KINDS, PersonalData
from tests.toys import response


def verdict(output, **fields):
    return apply_filter(PersonalData(**fields), response(output))


KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"

TABLE = [
    ("Write to jane.doe@hotmail.co.uk today.", "email"),
    ("JANE_DOE+X@ACME-CORP.COM", "email"),
    ("`mail = 'jane@acme.io'`", "email"),
    ("<think>jane@acme.io</think> Done.", "email"),
    ("Call +49 30 901820 now.", "phone"),
    ("Call (+1) 212-736-5000", "phone"),
    ("Call 212-736-5000.", "phone"),
    ("Call (212) 736-5000.", "phone"),
    ("Call +44 20 7219 3000.", "phone"),
    ("Paid with 4539 1488 0343 6467.", "card"),
    ("Paid with 4539-1488-0343-6467.", "card"),
    ("My card is 4539148803436467, thanks.", "card"),
    ("Amex 3714 496353 98456 expired.", "card"),
    ("Send it to DE75 5121 0800 1245 1261 99 TODAY PLEASE.", "iban"),
    ("Send it to FR7630006000011234567890189.", "iban"),
    ("The host is 93.184.216.34.", "ip_address"),
    ("```\nping 93.184.216.34\n```", "ip_address"),
    ("Also 2606:2800:220:1:248:1893:25c8:1946.", "ip_address"),
    ("Her number is 536-90-4399.", "ssn"),
    ("key = ghp_" + KEY, "secret"),
    ("AKIAQ3EGR7ZT5MWXB2VN", "secret"),
    ("sk-" + KEY, "secret"),
    ("hf_abcdEFGHijklMNOPqrstUVWXyzABCDefgh", "secret"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx3kZbd8Q2vN1yP5tLr7W", ""),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx3kZbd8Q2vN1yP5tLr7WcV9sJ0uH", "secret"),
    # near-misses
    ("", ""),
    ("Write to jane@example.com or x@mail.example.org or a@b.test.", ""),
    ("git clone git@github.com:org/repo.git", ""),
    ("y = x@w.shape and x@w.T and x@w.to(device)", ""),
    ("@property and user@localhost and a@b", ""),
    ("Call 212-555-0123 or +44 7700 900123.", ""),
    ("Call 000-000-0000.", ""),
    ("1234567890 and 212 736 5000 and 2127365000", ""),
    ("$212-736-5000$ and `212-736-5000` and \\boxed{212-736-5000}", ""),
    ("```\n212-736-5000 536-90-4399 4539 1488 0343 6467\n```", ""),
    ("x = 3 +12025551234567890", ""),
    ("4539 1488 0343 6468 fails Luhn", ""),
    ("4111 1111 1111 1111 is in every manual", ""),
    ("9539 1488 0343 6461 has no issuer", ""),
    ("4539148803436467 alone is a number", ""),
    ("DE89 3704 0044 0532 0130 00 is in every manual", ""),
    ("DE75 5121 0800 1245 1261 98 has wrong digits", ""),
    ("127.0.0.1 10.1.2.3 192.168.1.1 192.0.2.7 203.0.113.9 224.0.0.251", ""),
    ("8.8.8.8 and section 1.2.3.4 and version 12.0.3.1 and 999.1.1.1", ""),
    ("2001:db8::1 and fe80::1 and ::1 and std::vector and 12:30:45", ""),
    ("123-45-6789 and 000-12-3456 and 666-12-3456 and 987-65-4321", ""),
    ("AKIAIOSFODNN7EXAMPLE and sk-xxxxxxxxxxxxxxxxxxxxxxxx", ""),
]


@pytest.mark.parametrize(("output", "reason"), TABLE)
def test_what_is_found_is_named(output, reason):
    assert verdict(output).reason == reason


def test_every_kind_is_reached_above():
    assert {reason for _, reason in TABLE} == {"", *KINDS}


TWO = "jane@acme.io, 212-736-5000, 212-736-5001"


@pytest.mark.parametrize(
    ("fields", "score", "reason"),
    [
        ({}, 3 + 1 / 16, "email"),
        ({"kinds": ("phone", "email")}, 3 + 2 / 16, "phone"),
        ({"kinds": ("phone",)}, 2 + 2 / 16, "phone"),
        ({"kinds": ("ssn",)}, 0, ""),
        ({"max_found": 2}, 3 + 1 / 16, "email"),
        ({"max_found": 3}, 3 + 1 / 16, ""),
    ],
)
def test_the_score_says_how_many_and_which_first(fields, score, reason):
    found = verdict(TWO, **fields)
    assert (found.score, found.reason) == (score, reason)


def test_the_reason_is_read_from_the_score_alone():
    for place, kind in enumerate(KINDS):
        assert PersonalData().judge(1 + (place + 1) / 16) == Verdict.drop(kind)


@pytest.mark.parametrize("fields", [{"kinds": ()}, {"kinds": ("ssn", "ssn")}, {"max_found": -1}])
def test_values_out_of_range_are_refused(fields):
    with pytest.raises(ValueError, match="must be"):
        PersonalData(**fields)


def sums(num_lines):
    """Lines of arithmetic, with numbers of all lengths."""
    rng = Random(3)
    for _ in range(num_lines):
        a, b = (rng.randrange(10 ** rng.randrange(1, 17)) for _ in range(2))
        yield f"{a} {rng.choice('+-*/')} {b} = {a + b}, {a / (b + 1):.6f}, {a:,} - {b:,}"


def test_arithmetic_holds_no_personal_data():
    assert verdict("\n".join(sums(2_000))).decision == "keep"


HOSTILE = [
    "a" * 10_000_000,
    "@" * 10_000_000,
    "a@" * 5_000_000,
    "a." * 5_000_000,
    "1 " * 5_000_000,
    "+1" * 5_000_000,
    "1-" * 5_000_000,
    "$" * 10_000_000,
    "`" * 10_000_000,
    "\\(" * 5_000_000,
    "\\[ " * 3_000_000,
    "eyJ" * 3_000_000,
    "eyJaaaaaaaaaa." * 700_000,
    "AA11 " * 2_000_000,
    "1.1.1." * 1_600_000,
    "2001:" * 2_000_000,
    "\x00\ud800\u202e" * 3_000_000,
]


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("output", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_ten_megabytes_are_looked_through_in_seconds(output):
    assert verdict(output).reason in ("", "too_many_candidates")


@pytest.mark.parametrize("output", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_outputs_are_looked_through(output):
    assert verdict(output[:200_000]).reason in ("", "too_many_candidates")


def test_so_many_candidates_that_it_takes_too_long_are_unjudged():
    assert verdict("+1 000 000 0000, " * 10_001).reason == "too_many_candidates"
