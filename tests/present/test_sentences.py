from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest

from etabli.disclosure.policy import Policy
from etabli.disclosure.protect import Protection, with_masks
from etabli.errors import MethodError, ReportError
from etabli.french import NBSP, NNBSP
from etabli.methods.results import Dimension, Measure, Table, Test
from etabli.present.sentences import Sentence, as_sentence, sentence
from etabli.present.words import Words

OPEN = Policy("internal", 1, ())


def protect(tables: Sequence[Table], policy: Policy) -> Protection:
    """As for a funder: what has fewer than five people is hidden, and « mid », which would give it back."""
    masks = []
    for table in tables:
        people = table.cells["people"].astype(float)
        few = people.between(1, policy.minimum_people - 1) | people.isna()
        masks.append((policy.protects & (few | table.cells.get("age", few).eq("mid"))).to_numpy(dtype=bool))
    return with_masks(tables, policy, masks)


def filled(made: Sentence, words: Words, policy: Policy = OPEN) -> str:
    return made.fill(protect(made.tables, policy), words)


def single(kind: str, x: object, *, base: float = 5000) -> Table:
    cells = pd.DataFrame({"x": [x], "people": [base], "low": [0.1], "high": [0.9]})
    return Table(cells, (), (Measure("x", kind, low="low", high="high", base="people"),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "measure", "expected"),
    [
        ("{x}", "rows", f"25{NNBSP}011"),
        ("{x:noun}", "rows", f"25{NNBSP}011 visites"),
        ("{x:noun}", "people", f"4{NNBSP}000 allocataires"),
        ("{x:noun}", "share", f"96,2{NBSP}%"),
        (
            "{x}{x:interval}",
            "share",
            f"96,2{NBSP}% (intervalle de confiance à 95{NBSP}%{NBSP}: [95,0{NBSP}%{NNBSP}; 97,0{NBSP}%])",
        ),
        ("{x}{x:interval}", "rows", f"25{NNBSP}011"),
        ("{x:words}", "rows", f"25{NNBSP}011"),
        ("{x.age} : {x}", "share", f"moins de 30 ans{NBSP}: 96,2{NBSP}%"),
    ],
)
def test_value_is_written_in_the_form_asked_for(
    template: str, measure: str, expected: str, words: Words, ages: Table
) -> None:
    assert filled(sentence(template, x=ages.value(measure, age="young")), words) == expected


def test_one_is_written_in_the_singular(words: Words, ages: Table) -> None:
    one = ages.with_cells(ages.cells.assign(rows=1))
    assert filled(sentence("{x:noun}", x=one.value("rows")), words) == "1 visite"


@pytest.mark.parametrize(
    ("kind", "x", "form", "expected"),
    [
        ("change", 0.033, "change", f"en hausse de 3,3{NBSP}%"),
        ("change", -0.021, "change", f"en baisse de 2,1{NBSP}%"),
        ("change", 0.0, "change", "stable"),
        ("share", 0.34, "words", f"environ un tiers (34,0{NBSP}%)"),
        ("share", 0.29, "words", f"29,0{NBSP}%"),
    ],
)
def test_number_is_put_in_words(kind: str, x: float, form: str, expected: str, words: Words) -> None:
    assert filled(sentence(f"{{x:{form}}}", x=single(kind, x).value("x")), words) == expected


@pytest.mark.parametrize(("x", "expected"), [(1, "1 est exact"), (2, "2 sont exacts")])
def test_count_agrees_with_the_words_that_follow(x: int, expected: str, words: Words) -> None:
    assert filled(sentence("{x:est exact|sont exacts}", x=single("count", x).value("x")), words) == expected


def test_other_words_stand_in_when_a_value_is_not_available(words: Words) -> None:
    there, missing = single("count", 3).value("x"), single("count", None).value("x")
    assert filled(sentence("{x} ici", x=there, otherwise="rien"), words) == "3 ici"
    assert filled(sentence("{x} ici", x=missing, otherwise="rien {ici}"), words) == "rien {ici}"


def test_share_of_few_people_is_not_put_in_words(words: Words) -> None:
    cells = pd.DataFrame({"rows": [7], "people": [21], "share": [1 / 3]})
    table = Table(cells, (), (Measure("share", "share", base="people", of=("rows", "people")),))
    assert filled(sentence("{x:words}", x=table.value("share")), words) == "7 sur 21"


@pytest.mark.parametrize("form", ["", ":noun", ":change", ":words", ":interval"])
def test_missing_value_is_not_available_in_every_form(form: str, words: Words) -> None:
    assert filled(sentence(f"Part : {{x{form}}}", x=single("share", None).value("x")), words) == f"Part{NBSP}: n.d."


def test_masked_value_withholds_the_whole_sentence(words: Words, ages: Table, strict_policy: Policy) -> None:
    made = sentence("{big} visites, dont {few} d’anciens", big=ages.value("rows"), few=ages.value("rows", age="old"))
    assert "dont 4" in filled(made, words)
    withheld = filled(made, words, strict_policy)
    assert withheld == "Non diffusé : cite une valeur couverte par le secret statistique (s)."
    assert made.is_masked(protect([ages], strict_policy))


def test_category_of_a_masked_value_withholds_the_sentence(words: Words, ages: Table, strict_policy: Policy) -> None:
    made = sentence("Les moins nombreux : {few.age}", few=ages.smallest("rows"))
    assert "ancien" in filled(made, words)
    assert "ancien" not in filled(made, words, strict_policy)


@pytest.mark.parametrize("bare", [12, 0.5, None, True])
def test_bare_number_is_refused(bare: object) -> None:
    with pytest.raises(ReportError) as caught:
        sentence("{x} visites", x=bare)  # type: ignore[arg-type]
    assert "nombre nu" in caught.value.what
    assert caught.value.got == type(bare).__name__


def test_text_fills_its_place_as_it_is(words: Words) -> None:
    assert filled(sentence("{x}", x="{y} & co"), words) == "{y} & co"


def test_name_without_value_is_refused(ages: Table) -> None:
    with pytest.raises(ReportError) as caught:
        sentence("{parts} des visites", part=ages.value("share"))
    assert caught.value.hint == "vouliez-vous dire « part » ?"


@pytest.mark.parametrize("template", ["{}", "{0}", "{0.age}", "{x[0]}"])
def test_place_without_a_plain_name_is_refused(template: str, ages: Table) -> None:
    with pytest.raises(ReportError):
        sentence(template, x=ages.value("share"))


def test_value_without_place_is_refused(ages: Table) -> None:
    with pytest.raises(ReportError, match="n’est pas dans la phrase"):
        sentence("Rien.", part=ages.value("share"))


def test_unknown_form_names_its_neighbour(ages: Table) -> None:
    with pytest.raises(ReportError) as caught:
        sentence("{x:nouns}", x=ages.value("rows"))
    assert caught.value.hint == "vouliez-vous dire « noun » ?"


def test_unknown_dimension_names_its_neighbour(words: Words, ages: Table) -> None:
    with pytest.raises(MethodError) as caught:
        filled(sentence("{x.ages}", x=ages.value("rows")), words)
    assert caught.value.hint == "vouliez-vous dire « age » ?"


@pytest.mark.parametrize("template", ["{x", "x}", "{x!}", "{x:{noun}"])
def test_template_with_loose_braces_is_refused(template: str, ages: Table) -> None:
    with pytest.raises(ReportError, match="accolade"):
        sentence(template, x=ages.value("rows"))


@pytest.mark.parametrize("template", ["{x!r}", "{x:noun!s}", "{x:{x}}"])
def test_conversion_and_nested_form_are_refused(template: str, ages: Table) -> None:
    with pytest.raises(ReportError):
        sentence(template, x=ages.value("rows"))


@pytest.mark.parametrize("attribute", ["_value", "_table.cells", "_words", "__class__", "age.upper"])
def test_place_cannot_reach_into_the_result(attribute: str, ages: Table) -> None:
    """`{x._value}` would write the whole table, before protection."""
    with pytest.raises(MethodError, match="pas de dimension"):
        sentence(f"{{x.{attribute}}}", x=ages.value("rows"))


def test_text_has_no_category(ages: Table) -> None:
    with pytest.raises(ReportError, match="pas de modalité"):
        sentence("{who.age} {x}", who="tous", x=ages.value("rows"))


def test_braces_of_plain_text_stay(words: Words) -> None:
    assert filled(as_sentence("Ensemble {a, b}"), words) == "Ensemble {a, b}"
    made = sentence("Rien.")
    assert as_sentence(made) is made


def test_sentence_has_french_spaces(words: Words) -> None:
    assert filled(sentence("Qui vient ? L'accueil : « tous »."), words) == (
        f"Qui vient{NNBSP}? L’accueil{NBSP}: «{NBSP}tous{NBSP}»."
    )


def test_html_of_text_and_labels_is_escaped(words: Words) -> None:
    cells = pd.DataFrame({"quarter": ["x"], "rows": [3], "people": [9]})
    table = Table(cells, (Dimension("quarter"),), (Measure("rows", "count", unit="rows"),))
    made = sentence("<script>{x.quarter}</script> {who}", x=table.value("rows", quarter="x"), who="<i>")
    html = made.html(protect([table], OPEN), words)
    assert html == "&lt;script&gt;&lt;b&gt;X &amp; Y&lt;/b&gt;&lt;/script&gt; &lt;i&gt;"


def test_cited_values_are_those_of_results(ages: Table) -> None:
    value = ages.value("rows")
    assert sentence("{a} {b}", a=value, b="texte").cited == [value]


def test_sentence_that_may_not_be_said_gives_way(words: Words, ages: Table) -> None:
    x = ages.value("rows", age="young")
    assert filled(sentence("{x} de plus", x=x, provided=False, otherwise="aucun écart"), words) == "aucun écart"
    assert filled(sentence("{x:noun}", x=x, provided=True, otherwise="aucun écart"), words).endswith("visites")


def test_condition_without_words_for_when_it_fails_is_refused(ages: Table) -> None:
    with pytest.raises(ReportError, match="rien à dire"):
        sentence("{x} de plus", x=ages.value("rows", age="young"), provided=False)


@pytest.mark.parametrize(
    ("kind", "x", "expected"),
    [
        ("points", -0.122, f"en baisse de 12,2{NBSP}points"),
        ("points", 0.01, f"en hausse de 1,0{NBSP}point"),
        ("points", 0.0001, "stable"),
        ("change", 0.033, f"en hausse de 3,3{NBSP}%"),
    ],
)
def test_change_is_told_in_its_own_unit(kind: str, x: float, expected: str, words: Words) -> None:
    assert filled(sentence("{x:change}", x=single(kind, x).value("x")), words) == expected


@pytest.mark.parametrize("kind", ["mean", "count", "share", "ratio"])
def test_change_of_what_is_no_change_is_refused(kind: str, words: Words) -> None:
    with pytest.raises(ReportError, match="pas une évolution"):
        filled(sentence("{x:change}", x=single(kind, 4.07).value("x")), words)


def test_categories_that_nothing_tells_apart_are_named_together(words: Words) -> None:
    cells = pd.DataFrame({"age": ["young", "mid", "old"], "people": 100, "share": [0.2, 0.42, 0.43]})
    cells = cells.assign(low=cells["share"] - 0.02, high=cells["share"] + 0.02)
    table = Table(cells, (Dimension("age"),), (Measure("share", "share", low="low", high="high"),))
    written = filled(sentence("les {x.age:tied}, ici {x.age}", x=table.largest("share")), words)
    assert written == f"les «{NBSP}30-59 ans{NBSP}» et «{NBSP}ancien{NBSP}», ici ancien"


def test_unknown_form_of_a_label_is_refused(ages: Table) -> None:
    with pytest.raises(ReportError, match="Forme inconnue d’un libellé"):
        sentence("{x.age:noun}", x=ages.value("rows", age="young"))


def shares(base: int, p_value: float = 0.012) -> Table:
    cells = pd.DataFrame(
        {"age": ["young", "old"], "people": base, "rows": [7, 6], "whole": 13, "share": [7 / 13, 6 / 13]}
    )
    measure = Measure("share", "share", base="people", of=("rows", "whole"))
    return Table(cells, (Dimension("age"),), (measure,), tests=(Test("t", 1.0, (1.0,), p_value, 99),))


@pytest.mark.parametrize(
    ("base", "written"),
    [(30, "54 % des visites"), (29, "7 visites sur 13 (29 allocataires)"), (13, "7 allocataires sur 13")],
)
def test_share_of_something_reads_on_a_small_base_too(base: int, written: str, words: Words) -> None:
    said = filled(sentence("{x:of des visites}", x=shares(base).value("share", age="young")), words)
    assert said.replace("\u00a0", " ") == written


def test_p_value_of_its_test(words: Words) -> None:
    said = filled(sentence("aucun écart ({x:p})", x=shares(99).value("share", age="young")), words)
    assert said.replace("\u00a0", " ") == "aucun écart (p = 0,012)"


def test_p_value_of_a_table_without_a_test_is_refused(words: Words, ages: Table) -> None:
    bare = replace(ages, tests=())
    with pytest.raises(ReportError, match="pas de test"):
        filled(sentence("{x:p}", x=bare.value("rows")), words)


def test_sentence_that_asks_for_the_p_value_of_no_test_gives_way(words: Words, ages: Table) -> None:
    bare = replace(ages, tests=())
    said = sentence("aucun écart ({x:p})", x=bare.value("rows"), otherwise="Trop peu de monde.")
    assert filled(said, words) == "Trop peu de monde."
    said = sentence("aucun écart ({x:p})", x=ages.value("rows"), otherwise="Trop peu de monde.")
    assert filled(said, words).startswith("aucun écart (p")


def test_p_value_of_a_masked_test_is_masked(words: Words, ages: Table) -> None:
    value = ages.value("rows", age="young")  # shown, while « old » is masked, and the test with it
    strict = protect([ages], Policy("funder", 5, ("convention",)))
    assert sentence("{x:p}", x=value).fill(strict, words) == "s"


def test_mean_agrees_with_its_own_decimals(words: Words) -> None:
    for x, written in ((1.6, "1,6 usage"), (2.0, "2,0 usages")):
        said = filled(sentence("{x:usage|usages}", x=single("mean", x).value("x")), words)
        assert said.replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("p_values", "written"),
    [
        ((0.01, 0.2), "est significatif selon « Tranche d’âge », et ne l’est pas selon « Canal »"),
        ((0.05, 0.2), "n’est significatif selon aucune des caractéristiques dont le test est montré"),
        (
            (0.01, 0.04),
            "est significatif selon toutes les caractéristiques dont le test est montré "
            "(« Tranche d’âge » et « Canal »)",
        ),
    ],
)
def test_variables_whose_test_rejects_are_named(p_values: tuple[float, float], written: str, words: Words) -> None:
    cells = pd.DataFrame({"variable": ["age", "channel"], "category": ["young", "walk_in"], "rows": 1, "people": 99})
    tests = tuple(
        Test("t", 1.0, (1.0,), p, 99, within={"variable": v}) for p, v in zip(p_values, ("age", "channel"), strict=True)
    )
    dimensions = (Dimension("variable", additive=False), Dimension("category", additive=False))
    table = Table(cells, dimensions, (Measure("rows", "count", unit="rows"),), tests=tests)
    value = table.value("rows", variable="age", category="young")
    assert filled(sentence("{x.variable:tests}", x=value), words).replace("\u00a0", " ") == written
