"""The labels of a file held to those of the codebook: a whole column is read by its values, or by its labels.

Who read value by value would take 1 for 1, and 2, which is no code, for its label « 1 »: one of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from etabli.errors import DeliveryError
from etabli.sources.codebook import Variable
from etabli.sources.conversions import TRUTH

_MOST = 3
"""Labels that a note shows."""


@dataclass(frozen=True)
class Meanings:
    """What the codebook says that values and labels of one variable mean.

    Parameters
    ----------
    values
        For each value of a delivery, the value that it stands for: its code's, or the missing one.
    names
        For each label, key or value of the codebook, the values that it may stand for.
    labels
        The codebook's label of each value.
    missing
        Values that mean « missing ».
    """

    values: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    labels: Mapping[str, str]
    missing: frozenset[str]

    @classmethod
    def of(cls, variable: Variable) -> Meanings:
        """Return what a variable of type `code` or `boolean` says."""
        if variable.type == "boolean":
            words = {text: "oui" if truth else "non" for text, truth in TRUTH.items()}
            labels = {"oui": "oui", "non": "non"}
            pairs = list(words.items())
        else:
            words = {value: value for value in variable.code_of()}
            labels = {code.value or name: code.label for name, code in variable.codes.items()}
            named = [(name, code.value or name) for name, code in variable.codes.items()]
            pairs = [*words.items(), *named, *((label, value) for value, label in labels.items())]
        pairs += [pair for value, label in variable.missing.items() for pair in ((value, value), (label, value))]
        names: dict[str, frozenset[str]] = {}
        for name, value in pairs:
            for spelled in {name, _folded(name)}:
                names[spelled] = names.get(spelled, frozenset()) | {value}
        missing = frozenset(variable.missing)
        return cls({**words, **{value: value for value in missing}}, names, {**labels, **variable.missing}, missing)

    def of_value(self, text: str) -> str | None:
        """Return the value that a text stands for; None where it is none of the codebook's."""
        return self.values.get(text)

    def of_label(self, label: str) -> frozenset[str]:
        """Return the values that a label may stand for: as it is written, else whatever its capitals."""
        return self.names.get(label.strip()) or self.names.get(_folded(label), frozenset())

    def agree(self, value: str, meant: frozenset[str]) -> bool:
        """Return whether a value is one of those that its label means, or misses as they do."""
        return value in meant or (value in self.missing and meant <= self.missing)


@dataclass(frozen=True)
class Labelled:
    """One different value of a column.

    Parameters
    ----------
    text
        As a delivery would write it, zeros given back.
    label
        The file's label of it, empty where it has none.
    value
        The codebook's value that it stands for by itself.
    meant
        Those that its label may stand for.
    """

    text: str
    label: str
    value: str | None
    meant: frozenset[str]


def read_by_label(
    texts: Sequence[str], labels: Sequence[str], all_labels: Mapping[str, str], variable: Variable,
    *, column: str, shown: str,
) -> tuple[list[str], list[bool], list[str]]:  # fmt: skip
    """Return the values of a column in the codebook's words, which of them came by their labels, and French notes.

    A column of which every value is the codebook's is read by value; else by label, where every label is; else in the
    way that reads more of it, and what it does not read is left, for the rules to refuse.

    Parameters
    ----------
    texts, labels
        The different values of the column but for those that miss, and the file's label of each, empty for none.
    all_labels
        The file's labels, of values that do not occur too.
    variable
        Of type `code` or `boolean`.
    column, shown
        How messages name the column and the file.

    Raises
    ------
    DeliveryError
        A value and its label stand for two different codes, and nothing says which is right; or a label stands for
        several codes.
    """
    said = Meanings.of(variable)
    spelled = [text.strip().casefold() if variable.type == "boolean" else text.strip() for text in texts]
    found = [
        Labelled(text, label, said.of_value(value), said.of_label(label) if label else frozenset())
        for text, value, label in zip(texts, spelled, labels, strict=True)
    ]
    clash = next((each for each in found if each.value and each.meant and not said.agree(each.value, each.meant)), None)
    if not _goes_by_label(found, clash is not None, all_labels, said):
        if clash is not None:
            raise _contradiction(clash, said, column, shown)
        return list(texts), [False] * len(found), _other_words(found, said, column)
    for each in found:
        if len(each.meant) > 1:
            raise _ambiguous(each, column, shown)
        if each.value and each.value not in said.missing and not each.meant:
            raise _mixed(each, column, shown)
    return [next(iter(each.meant), each.text) for each in found], [bool(each.meant) for each in found], []


def _goes_by_label(found: Sequence[Labelled], clash: bool, labels: Mapping[str, str], said: Meanings) -> bool:
    by_value = sum(each.value is not None for each in found)
    by_label = sum(bool(each.meant) for each in found)
    told = all(len(each.meant) == 1 or (not each.meant and each.value in said.missing) for each in found)
    if clash:
        return told and (by_value < len(found) or _is_another_coding(labels, said))
    if by_value == len(found):
        return False
    return told or by_label > by_value


def _is_another_coding(labels: Mapping[str, str], said: Meanings) -> bool:
    """Return whether the file labels as a code a value that is none: its values are numbers of its own."""
    return any(
        said.of_value(value) is None and bool(said.of_label(label) - said.missing) for value, label in labels.items()
    )


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()


def _contradiction(each: Labelled, said: Meanings, column: str, shown: str) -> DeliveryError:
    assert each.value is not None
    return DeliveryError(
        f"Les étiquettes de la colonne « {column} » contredisent le codebook.",
        where=shown,
        expected="des valeurs et des étiquettes qui désignent les mêmes codes",
        got=f"la valeur « {each.text} », « {each.label} » dans le fichier et « {said.labels[each.value]} » au codebook",
        hint="demandez au partenaire ce que disent ses valeurs, puis corrigez « value » ou « label » dans le codebook",
    )


def _ambiguous(each: Labelled, column: str, shown: str) -> DeliveryError:
    return DeliveryError(
        f"Une étiquette de la colonne « {column} » est celle de plusieurs codes du codebook.",
        where=shown,
        expected="une étiquette qui désigne un seul code",
        got=f"« {each.label} », pour {_listed(sorted(each.meant))}",
        hint="donnez à chaque code sa « value », telle que le fichier l’enregistre",
    )


def _mixed(each: Labelled, column: str, shown: str) -> DeliveryError:
    return DeliveryError(
        f"La colonne « {column} » se lit d’après ses étiquettes, mais une valeur n’en a pas.",
        where=shown,
        expected="une étiquette pour chaque valeur, ou des valeurs que le codebook connaît toutes",
        got=f"la valeur « {each.text} », sans étiquette dans le fichier",
        hint="donnez à chaque code sa « value », telle que le fichier l’enregistre",
    )


def _other_words(found: Sequence[Labelled], said: Meanings, column: str) -> list[str]:
    """Return a note on labels that are no labels of the codebook: other words, or another coding."""
    others = [
        f"« {each.text} » : « {each.label} » (« {said.labels[each.value]} » au codebook)"
        for each in found
        if each.value is not None and each.value not in said.missing and each.label and not each.meant
    ]
    if not others:
        return []
    beyond = f" et {len(others) - _MOST} de plus" if len(others) > _MOST else ""
    listed = ", ".join(others[:_MOST])
    return [f"Colonne « {column} » : étiquettes du fichier qui ne sont pas au codebook, {listed}{beyond}."]


def _listed(values: Iterable[str]) -> str:
    return " et ".join(f"« {value} »" for value in values)
