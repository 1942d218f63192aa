from factory.seeds import derive_seed, digest, seeded


def test_the_same_key_gives_the_same_numbers_on_every_machine():
    assert digest("a", 1) == "484c670ce4753ed75a3cc908af49224a"
    assert seeded(1, "math", 0).random() == seeded(1, "math", 0).random()


def test_neighbouring_seeds_share_nothing():
    draws = {derive_seed(run, "stage", item) for run in range(50) for item in range(50)}
    assert len(draws) == 2500
    assert all(0 <= draw < 2**63 for draw in draws)


def test_a_key_is_not_the_join_of_its_parts():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})


def test_broken_unicode_has_a_hash():
    assert digest("\ud800") != digest("\ud801")
