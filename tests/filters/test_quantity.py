import time
from fractions import Fraction

import pytest

from factory.apply import apply_filter, check_gold
from filters.quantity import Quantity, read_quantity
from filters.units import PI, named_unit, prefixable, read_unit, table
from tests.toys import prompt, response


def reason(output, gold="9.81 m/s^2", **fields):
    return apply_filter(Quantity(**fields), response(output, gold=gold)).reason


TABLE = [
    ("\\boxed{9.81 m/s^2}", "9.81 m/s^2", ""),
    ("\\boxed{981 cm/s²}", "9.81 m/s^2", ""),
    ("\\boxed{9.81\\,\\mathrm{m\\,s^{-2}}}", "9.81 m/s^2", ""),
    ("\\boxed{9.81 \\frac{\\text{m}}{\\text{s}^2}}", "9.81 m/s^2", ""),
    ("\\boxed{g \\approx 9.8 meters per second squared}", "9.81 m/s^2", ""),
    ("The answer is **9.81 m/s/s**.", "9.81 m/s^2", ""),
    ("Hence:\n\n$9.81\\ \\text{m}/\\text{s}^2$", "9.81 m/s^2", ""),
    ("\\boxed{320 kJ}", "3.2e5 J", ""),
    ("\\boxed{3.2 \\times 10^{5}\\ \\text{J}}", "3.2e5 J", ""),
    ("\\boxed{3.2*10**5 J}", "3.2e5 J", ""),
    ("\\boxed{299\\,792\\,458 m/s}", "299792.458 km/s", ""),
    ("\\boxed{1.602e-19 J}", "1 eV", ""),
    ("\\boxed{4.5 kJ mol⁻¹}", "4.5 kJ/mol", ""),
    ("\\boxed{8.314 J/(mol·K)}", "8.314 J/mol K", ""),
    ("\\boxed{298.15 K}", "25 °C", ""),
    ("\\boxed{77^\\circ\\text{F}}", "25 °C", ""),
    ("\\boxed{0.05}", "5 %", ""),
    ("\\boxed{5\\%}", "0.05", ""),
    ("\\boxed{3.14159}", "180°", ""),
    ("\\boxed{\\frac{1}{2}\\ \\text{kg}}", "500 g", ""),
    ("\\boxed{E = mc^2 = 5 J}", "5 J", ""),
    ("\\boxed{5 \\mu m}", "5000 nm", ""),
    ("\\boxed{-5 m}", "−5 m", ""),
    ("\\boxed{5}", "5", ""),
    ("\\boxed{9.6 m/s^2}", "9.81 m/s^2", "wrong_value"),
    ("\\boxed{9.81 cm/s^2}", "9.81 m/s^2", "wrong_value"),
    ("\\boxed{-9.81 m/s^2}", "9.81 m/s^2", "wrong_value"),
    ("\\boxed{27 °C}", "25 °C", "wrong_value"),
    ("\\boxed{25 K}", "25 °C", "wrong_value"),
    ("\\boxed{5 mW}", "5 MW", "wrong_value"),
    ("\\boxed{5 \\%}", "5", "wrong_value"),
    ("\\boxed{0.001 m}", "0 m", "wrong_value"),
    ("\\boxed{1e300 m}", "1e-300 m", "wrong_value"),
    ("\\boxed{9.81}", "9.81 m/s^2", "missing_unit"),
    ("\\boxed{5}", "5 %", "missing_unit"),
    ("\\boxed{9.81 m/s}", "9.81 m/s^2", "wrong_unit"),
    ("\\boxed{5 eV}", "5 kJ/mol", "wrong_unit"),
    ("\\boxed{5 m}", "5", "wrong_unit"),
    ("", "5 m", "no_answer"),
    ("\\boxed{5 m", "5 m", "no_answer"),
    ("<think>\\boxed{5 m}</think>", "5 m", "no_answer"),
    ("\\boxed{4-6 m}", "5 m", "not_a_quantity"),
    ("\\boxed{5 \\pm 1 m}", "5 m", "not_a_quantity"),
    ("\\boxed{5 m or 6 m}", "5 m", "not_a_quantity"),
    ("\\boxed{x != 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{x >= 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{x \\not= 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{x \\neq 5 = 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{x \\le y = 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{not 5 m}", "5 m", "not_a_quantity"),
    ("\\boxed{5 apples}", "5 m", "not_a_quantity"),
    ("\\boxed{3,5 m}", "3.5 m", "not_a_quantity"),
    ("\\boxed{nan m}", "5 m", "not_a_quantity"),
    ("\\boxed{inf m}", "5 m", "not_a_quantity"),
    ("\\boxed{5/0 m}", "5 m", "not_a_quantity"),
    ("\\boxed{1e9999999 m}", "5 m", "not_a_quantity"),
    ("\\boxed{9**9**9}", "999", "not_a_quantity"),
    ("\\boxed{30 dB}", "30 B", "not_a_quantity"),
    ("\\boxed{5 m}", None, "no_gold"),
    ("\\boxed{5 m}", "", "gold_unparseable"),
    ("\\boxed{5 apples}", "5 apples", "gold_unparseable"),
    ("\\boxed{1e999}", "1e999", "gold_unparseable"),
    ("\\boxed{4-6 m}", "4-6 m", "gold_unparseable"),
]


@pytest.mark.parametrize(("output", "gold", "expected"), TABLE)
def test_value_and_unit_are_checked(output, gold, expected):
    assert reason(output, gold) == expected


def test_every_reason_is_reached_above():
    reached = {expected for _, _, expected in TABLE}
    unjudged = {"no_gold", "gold_unparseable"}
    assert reached == {"", "wrong_value", *Quantity.REASONS.values()} | unjudged


@pytest.mark.parametrize(
    ("fields", "output", "gold", "expected"),
    [
        ({}, "\\boxed{101 m}", "100 m", ""),
        ({}, "\\boxed{101.0001 m}", "100 m", "wrong_value"),
        ({"relative_tolerance": 0.0}, "\\boxed{100.0000000000000001 m}", "100 m", "wrong_value"),
        ({"relative_tolerance": 0.0}, "\\boxed{1e2 m}", "10000 cm", ""),
        ({"relative_tolerance": 0.0}, "\\boxed{0.1 m}", "10 cm", ""),
        ({"relative_tolerance": 0.0}, "\\boxed{12 in}", "0.3048 m", ""),
        ({"relative_tolerance": 0.0}, "\\boxed{1 rpm}", "6 °/s", ""),
        ({"relative_tolerance": 0.05}, "\\boxed{104 m}", "100 m", ""),
        ({"absolute_tolerance": 0.5}, "\\boxed{0.4 m}", "0 m", ""),
        ({"absolute_tolerance": 0.5}, "\\boxed{0.6 m}", "0 m", "wrong_value"),
        ({"absolute_tolerance": 0.5}, "\\boxed{40 cm}", "0 m", ""),
        ({"require_unit": False}, "\\boxed{9.81}", "9.81 m/s^2", ""),
        ({"require_unit": False}, "\\boxed{981}", "9.81 m/s^2", "wrong_value"),
        ({"require_unit": False}, "\\boxed{9.81 m}", "9.81 m/s^2", "wrong_unit"),
        ({"boxed_only": True}, "The answer is 5 m", "5 m", "no_answer"),
    ],
)
def test_tolerances_are_inclusive_and_every_policy_is_an_option(fields, output, gold, expected):
    assert reason(output, gold, **fields) == expected


def test_the_score_is_the_relative_error():
    assert Quantity().score(response("\\boxed{110 m}", gold="100 m")) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "fields",
    [
        {"relative_tolerance": -0.1},
        {"relative_tolerance": 1.0},
        {"relative_tolerance": float("nan")},
        {"absolute_tolerance": float("inf")},
    ],
)
def test_tolerances_out_of_range_are_refused(fields):
    with pytest.raises(ValueError, match="tolerance must be"):
        Quantity(**fields)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("kg m/s^2", "N"),
        ("kg*m*s-2", "N"),
        ("kg.m.s^-2", "N"),
        ("J/(mol/K)", "J K/mol"),
        ("N·m".replace("·", "*"), "Nm"),
        ("square meters", "m2"),
        ("cubic centimeters", "mL"),
        ("Joules per Kelvin", "J/K"),
        ("degrees Celsius", "°C"),
        ("kilowatts", "kW"),
        ("1/s", "Hz"),
        ("amps", "A"),
        ("mins", "min"),
    ],
)
def test_units_have_many_spellings(text, same):
    assert read_unit(text) == read_unit(same) is not None


@pytest.mark.parametrize(
    "text",
    ["m/", "*m", "m**2", "(m", "m)", "((m))", "m//s", "()", "2 m", "m^99", "m^", "x", "m\x00"],
)
def test_what_is_no_unit_is_not_read(text):
    assert read_unit(text) is None


UNKNOWN_TO_PINT = {
    "Ohm", "henries", "Torr", "Angstrom", "kmh", "Cal", "Ns", "ppb", "ℓ", "°", "°C", "°F",
}  # fmt: skip
OTHERWISE_IN_PINT = {"AU", "Nm", "G", "gauss"}
"""Absorbance units, metres a gram, and a gauss of the Gaussian system, which has no ampere."""


def test_the_table_agrees_with_pint():
    import pint

    registry = pint.UnitRegistry()
    base = ("meter", "gram", "second", "ampere", "kelvin", "mole", "candela", "bit")
    otherwise = set()
    for name in sorted(set(table()) - UNKNOWN_TO_PINT):
        factor, dimension = registry.get_root_units(name)
        powers = tuple(dimension._units.get(each, 0) for each in base)
        same = float(table()[name].factor) == pytest.approx(factor / 1000 ** powers[1], rel=1e-6)
        if powers != table()[name].dimension or not same:
            otherwise.add(name)
    assert otherwise == OTHERWISE_IN_PINT


def test_prefixes_do_not_hide_or_make_up_units():
    assert named_unit("min") == table()["min"]
    assert named_unit("cd") == table()["cd"]
    assert named_unit("mmol").factor == Fraction(1, 1000)
    assert named_unit("kilojoules") == named_unit("kJ")
    assert named_unit("kmin") is None
    assert named_unit("kjoule") is None
    assert named_unit("pH") is None
    assert len(prefixable()) < len(table())


def test_a_temperature_scale_stands_alone():
    assert read_unit("°C").offset == Fraction("273.15")
    assert read_unit("J/(g °C)") == read_unit("J/(g K)")


def test_pi_is_exact_to_fifty_digits():
    assert abs(float(PI) - 3.141592653589793) < 1e-15


@pytest.mark.parametrize("gold", ["9.81 m/s^2", "3.2e5 J", "25 °C", "5 %", "4.5 kJ/mol", "-7"])
def test_a_gold_answer_passes_its_own_check(gold):
    assert check_gold(Quantity(), prompt(gold=gold)).decision == "keep"


@pytest.mark.parametrize("gold", ["5 apples", "", "5 m}", "1e500 m"])
def test_a_gold_answer_that_is_no_quantity_is_bad(gold):
    assert check_gold(Quantity(), prompt(gold=gold)).reason == "bad_gold"


HOSTILE = [
    "5 m\x00",
    "\u202e5 m",
    "\ud800",
    "9" * 10_000_000,
    "5 " + "m " * 200,
    "5 " + "m^99 " * 20,
    "5 " + "(" * 400,
    "5" + "{" * 400,
    "5" + " " * 450 + "!",
    "1 " + "000 " * 120,
    "\\frac{" * 80,
    "5 __import__('os')",
    "5 m**9**9**9",
    "10^(99999999999)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_text_is_no_quantity_and_is_found_out_at_once(text):
    started = time.process_time()
    assert read_quantity(text) is None
    assert reason(f"\\boxed{{{text[:2000]}}}")
    assert time.process_time() - started < 1
