"""Sentences that follow the numbers: a template, filled with protected values.

Placeholders: `{x}` the value as printed · `{x:noun}` with what it counts (« 25 011 visites ») ·
`{x:change}` a change in words (« en hausse de 3,3 % ») · `{x:words}` a share in words beside its number
(« environ un tiers (34 %) ») · `{x:est exact|sont exacts}` a count with words that agree (« 7 sont exacts ») ·
`{x:interval}` the clause of its 95 % interval, if it has one · `{x:of des visites}` a share of something (« 35 % des
visites », « 7 visites sur 13 (5 allocataires) ») · `{x:p}` the p-value of its test (« p = 0,012 ») ·
`{x.age_group}` the label of its category · `{x.age_group:tied}` of a largest or smallest value, the labels of its
category and of those that nothing tells apart · `{x.variable:tests}` what the tests of a stack of variables say
(« est significatif selon « Âge », et ne l’est pas selon « Logement » ») · `{x.category:name}` a name proposed for the
class at which a description of classes stands (`class_names`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from string import Formatter
from typing import cast

from etabli import french
from etabli.absence import absent_among
from etabli.disclosure.protect import Protection
from etabli.errors import ReportError, suggestion
from etabli.methods.results import SIGNIFICANCE, Condition, Measure, Table, Value
from etabli.present import theme
from etabli.present.class_names import can_name, proposed_name
from etabli.present.words import Words, base_of, digits_of, is_small


@dataclass(frozen=True)
class Sentence:
    """A template and the values that fill it."""

    template: str
    values: Mapping[str, Value | str]
    decided: tuple[Condition | Value, ...] = ()
    """What decided that this is said and nothing else: conditions, and values that were or were not available."""

    @property
    def cited(self) -> list[Value]:
        """The values that the sentence takes from results."""
        return [value for value in self.values.values() if isinstance(value, Value)]

    @property
    def tables(self) -> list[Table]:
        """The results that it cites, or that decided what it says."""
        return [each.table for each in (*self.cited, *self.decided)]

    @property
    def is_complete(self) -> bool:
        """Whether every cited value is available, and has a test where its p-value is asked for."""
        asked = {place.root for place in _places(self.template) if place.form == "p"}
        return all(
            value.number is not None and (name not in asked or bool(value.tests))
            for name, value in self.values.items()
            if isinstance(value, Value)
        )

    def is_masked(self, protection: Protection) -> bool:
        """Whether a cited value, or what decided the choice of words, may not be shown: all of it is then withheld."""
        known = (
            protection.tells(each) if isinstance(each, Condition) else not protection.is_masked(each)
            for each in self.decided
        )
        return any(protection.is_masked(value) for value in self.cited) or not all(known)

    def fill(self, protection: Protection, words: Words) -> str:
        """Return the sentence with its values in French, or what stands in its place when it is withheld."""
        if self.is_masked(protection):
            return f"Non diffusé : cite une valeur couverte par le secret statistique ({theme.MASKED})."
        filled = {
            name: value if isinstance(value, str) else _Spoken(value, protection, words)
            for name, value in self.values.items()
        }
        return french.typography(self.template.format(**filled))

    def html(self, protection: Protection, words: Words) -> str:
        return escape(self.fill(protection, words), quote=False)


def sentence(
    template: str, *, provided: bool | Condition = True, otherwise: str | Sentence | None = None, **values: Value | str
) -> Sentence:
    """Return a sentence of a report: `template` with one `{name}` for each value.

    Where a value, or what decides, is made of a source that is not there, nothing can be said: an `Absent` is returned,
    whatever `otherwise` says.

    Parameters
    ----------
    provided
        Whether the sentence may be said: `table.is_significant(…)`, where it tells a difference.
    otherwise
        What to say instead when it may not, or when a cited value is not available (« n.d. »), or has no test of
        which a p-value could be told.
    **values
        Values of results, or words.

    Raises
    ------
    ReportError
        A name of the template has no value, a value is a bare number (it would bypass protection),
        or a placeholder asks for a form that does not exist.
    """
    absent = absent_among((provided, otherwise, *values.values()))
    if absent is not None:
        return cast("Sentence", absent)
    names = {_hold_place(template, place, values) for place in _places(template)}
    hold_values(values, where=template)
    for name in values:
        if name not in names:
            raise ReportError(f"La valeur « {name} » n’est pas dans la phrase.", where=template)
    decided: list[Condition | Value] = [provided] if isinstance(provided, Condition) else []
    written = Sentence(template, dict(values), tuple(decided))
    if not provided and otherwise is None:
        raise ReportError("La phrase a une condition, et rien à dire quand elle n’est pas remplie.", where=template)
    if otherwise is None or (provided and written.is_complete):
        return written
    other = as_sentence(otherwise)
    unsaid = [*decided, *written.cited] if provided else decided
    return replace(other, decided=(*unsaid, *other.decided))


@dataclass(frozen=True)
class _Place:
    """One placeholder of a template: `{root.attribute:form}`."""

    root: str
    attribute: str
    form: str
    conversion: str | None


def _places(template: str) -> list[_Place]:
    try:
        fields = [field for field in Formatter().parse(template) if field[1] is not None]
    except ValueError:
        raise ReportError(
            "La phrase a une accolade sans sa paire.",
            where=template,
            expected="{nom} pour une valeur, {{ et }} pour une accolade écrite",
        ) from None
    places = []
    for _, name, form, conversion in fields:
        root, _, attribute = str(name).partition(".")
        places.append(_Place(root, attribute, form or "", conversion))
    return places


def _hold_place(template: str, place: _Place, values: Mapping[str, object]) -> str:
    """Return the name of the value that a place takes, or refuse the place."""
    if place.root not in values:
        hint = suggestion(place.root, values) if values else None
        raise ReportError(f"La phrase attend une valeur « {place.root} ».", where=template, hint=hint)
    if place.conversion is not None:
        raise ReportError(f"Forme inconnue : « !{place.conversion} ».", where=template, expected=", ".join(_FORMS))
    if place.attribute and place.form not in {"", *_LABEL_FORMS}:
        raise ReportError(
            f"Forme inconnue d’un libellé : « {place.form} ».", where=template, expected=", ".join(_LABEL_FORMS)
        )
    free = place.form in _FORMS or place.form.startswith("of ") or place.form.count("|") == 1
    if place.form and not place.attribute and not free:
        raise ReportError(f"Forme inconnue : « {place.form} ».", where=template, hint=suggestion(place.form, _FORMS))
    value = values[place.root]
    if place.form == "name" and isinstance(value, Value) and not can_name(value.table):
        raise ReportError(
            f"« {place.root} » ne décrit pas des classes : aucun nom ne s’en propose.",
            where=template,
            expected="une valeur de la description d’une typologie",
        )
    if place.attribute and isinstance(value, Value):
        value.category(place.attribute)  # names the known dimensions when this one does not exist
    elif place.attribute:
        raise ReportError(
            f"« {place.root} » n’a pas de modalité : ce n’est pas une valeur d’un résultat.", where=template
        )
    return place.root


def hold_values(values: Mapping[str, object], *, where: str) -> None:
    """Refuse a bare number: it would bypass protection.

    Raises
    ------
    ReportError
        One is neither a value of a result nor words.
    """
    for name, value in values.items():
        if not isinstance(value, Value | str):
            raise ReportError(
                f"« {name} » est un nombre nu : il échapperait au contrôle du secret.",
                where=where,
                expected='une valeur d’un résultat : resultat.value("mesure", dimension="modalité")',
                got=type(value).__name__,
            )


def citing(template: str, values: Mapping[str, Value | str]) -> Sentence:
    """Return a sentence that takes from `values` those that it asks for.

    Raises
    ------
    ReportError
        As for `sentence`.
    """
    names = {_hold_place(template, place, values) for place in _places(template)}
    return Sentence(template, {name: values[name] for name in sorted(names)})


def as_sentence(text: str | Sentence) -> Sentence:
    """Return plain words as a sentence without values; its braces are plain characters."""
    return text if isinstance(text, Sentence) else Sentence(text.replace("{", "{{").replace("}", "}}"), {})


_FORMS = ("noun", "change", "words", "interval", "p", "of")
_LABEL_FORMS = ("tied", "tests", "name")


class _Spoken:
    """A protected value inside a template: answers `format()` and names of dimensions."""

    def __init__(self, value: Value, protection: Protection, words: Words) -> None:
        self._value, self._words = value, words
        self._table, self._tests = protection.of(value.table).table, protection.of(value.table).tests
        self._measure = value.table.measure(value.measure)

    def __format__(self, form: str) -> str:
        table, row, measure, words = self._table, self._value.row, self._measure, self._words
        plain = words.value(table, row, measure)
        if plain in {theme.NOT_AVAILABLE, theme.IMPOSSIBLE}:
            return plain
        x = table.cells[measure.name].iloc[row]
        if form == "noun":
            noun = words.noun(measure)
            return french.count(float(x), noun.one, noun.many) if noun else plain
        if "|" in form:
            one, many = form.split("|")
            return french.count(float(x), one, many, decimals=digits_of(measure, base_of(table, row, measure)))
        if form.partition(" ")[0] == "of":
            few = measure.of and is_small(table, row, measure)
            return words.counted(table, row, measure) if few else f"{plain}{form.removeprefix('of')}"
        if form == "p":
            return self._p_value()
        if form == "change":
            return _changed(plain, float(x), measure)
        if form == "words":
            spoken = french.share_in_words(float(x), gender=words.gender(table, row, measure)) if "%" in plain else None
            if spoken and spoken in _AROUND_HALF and _crosses_half(table, row, measure):
                spoken = "environ la moitié"
            return f"{spoken} ({plain})" if spoken else plain
        if form == "interval":
            found = words.interval(table, row, measure)
            return f" (intervalle de confiance à 95 % : {found})" if found else ""
        return plain

    def _p_value(self) -> str:
        tests = self._value.tests
        if not tests:
            raise ReportError(
                "Cette valeur n’a pas de test : la forme « p » n’a rien à écrire.",
                where=f"mesure « {self._measure.name} »",
                hint="trop peu de personnes, peut-être : dites par « otherwise » ce qui s’écrit alors",
            )
        return french.p_value(tests[0].p_value) if tests[0] in self._tests else theme.MASKED

    def __getattr__(self, dimension: str) -> _Label:
        tied = sorted(self._value.tied or (self._value.row,))
        labels = [self._words.category(self._table, row, dimension, in_sentence=True) for row in tied]
        own = self._words.category(self._table, self._value.row, dimension, in_sentence=True)
        named = proposed_name(self._table, self._value.row, self._words) if can_name(self._table) else ""
        return _Label(own, {"tied": _quoted(labels), "tests": self._tested(), "name": named})

    def _tested(self) -> str:
        """What the tests of a stack of variables say; a variable whose test is masked is not named."""
        told: dict[bool, list[str]] = {True: [], False: []}
        for test in self._tests:
            if "variable" in test.within:
                told[test.p_value < SIGNIFICANCE].append(self._words.dimension(test.within["variable"]))
        rejected, kept = told[True], told[False]
        if not rejected:
            return "n’est significatif selon aucune des caractéristiques dont le test est montré"
        if not kept:
            return f"est significatif selon toutes les caractéristiques dont le test est montré ({_quoted(rejected)})"
        return f"est significatif selon {_quoted(rejected)}, et ne l’est pas selon {_quoted(kept)}"


def _quoted(labels: Sequence[str]) -> str:
    return french.listing([f"« {label} »" for label in dict.fromkeys(labels)])


@dataclass(frozen=True)
class _Label:
    """The label of a category inside a template; in another form, what goes beyond it."""

    own: str
    more: Mapping[str, str]

    def __format__(self, form: str) -> str:
        return self.more[form] if form else self.own


_AROUND_HALF = ("près de la moitié", "la moitié", "plus de la moitié")


def _crosses_half(table: Table, row: int, measure: Measure) -> bool:
    """Whether the interval of a share holds one half: it is then neither under nor over."""
    if not (measure.low and measure.high):
        return False
    return bool(table.cells[measure.low].iloc[row] <= 0.5 <= table.cells[measure.high].iloc[row])


def _changed(plain: str, x: float, measure: Measure) -> str:
    """Return a change in words: « en hausse de 3,3 % », « en baisse de 12,2 points », « stable »."""
    if measure.kind not in {"change", "points"}:
        raise ReportError(
            f"La mesure « {measure.name} » n’est pas une évolution.",
            expected="une mesure de genre « change » ou « points », pour la forme « change »",
            got=measure.kind,
        )
    size = plain.lstrip("+\u2212-")
    if not any(digit in size for digit in "123456789"):
        return "stable"
    return f"en {'hausse' if x > 0 else 'baisse'} de {size}"
