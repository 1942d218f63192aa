import pytest

from factory.errors import ConfigError
from factory.licenses import combine


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["apache-2.0", "apache-2.0"], "apache-2.0"),
        (["mit", "apache-2.0"], "apache-2.0"),
        (["cc-by-4.0", "apache-2.0"], "cc-by-4.0"),
        (["cc0-1.0"], "cc0-1.0"),
        (["cc-by-sa-4.0", "mit"], "cc-by-sa-4.0"),
    ],
)
def test_a_row_has_the_stricter_of_its_licences(parts, whole):
    assert combine(*parts) == whole


def test_an_unknown_licence_is_refused():
    with pytest.raises(ConfigError, match="license 'llama3' is not one that can be combined"):
        combine("apache-2.0", "llama3")
