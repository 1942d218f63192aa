"""Which requests go into an engine after it has died."""

from factory.records import Completion
from factory.teachers.flights import Flight, Flights
from tests.toys import request


def taken(count: int) -> Flights:
    flights = Flights(64)
    for number in range(count):
        flights.take(str(number), Flight(number, request(), [number], 1))
    return flights


def put_in(flights: Flights) -> list[str]:
    names = []
    while item := flights.next_in():
        names.append(item[0])
    return names


def test_suspects_are_tried_few_at_a_time_and_the_others_are_in_the_clear_once_one_is_found():
    flights, tries = taken(40), []
    for _ in range(4):
        tries.append(put_in(flights))
        flights.fail("dead", "engine")
    assert [len(names) for names in tries] == [40, 40, 2, 1]
    assert put_in(flights) == ["1"]
    assert not flights.has_room()
    answers = flights.end([("1", Completion())])
    assert [(index, done.error) for index, done in answers] == [(1, ""), (0, "engine_error: dead")]
    assert len(put_in(flights)) == 38
    flights.fail("dead", "engine")
    assert len(put_in(flights)) == 38
    assert flights.has_room()
