"""Filters by the names that people give them."""

import pytest

from factory.errors import ConfigError
from factory.naming import bare, methods, read_by, resolve
from tests.toys import response, toy_job

KNOWN = ("final_answer.v2", "minhash.v1", "minhash.v2")


@pytest.mark.parametrize("name", ["final_answer", "final_answer.v2"])
def test_a_name_with_or_without_its_version_is_known(name):
    assert resolve(name, KNOWN, "here") == "final_answer.v2"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("final_answr", "here: no filter 'final_answr'; did you mean final_answer?"),
        ("final_answer.v1", "no filter 'final_answer.v1'"),
        ("minhash", "minhash may be minhash.v1 or minhash.v2; say which"),
    ],
)
def test_another_name_is_refused(name, message):
    with pytest.raises(ConfigError) as error:
        resolve(name, KNOWN, "here")
    assert message in str(error.value)


def test_the_methods_of_a_pipeline_stand_in_order(tmp_path):
    names = [bare(each.name) for each in methods(toy_job(tmp_path).pipeline)]
    assert names.index("think_tags") < names.index("final_answer") < names.index("minhash")


def test_only_a_filter_that_can_say_says_what_it_read():
    class Reads:
        def extracted(self, response):
            return response.answer[:1]

    assert read_by(Reads(), response("xyz")) == "x"
    assert read_by(object(), response("xyz")) is None
