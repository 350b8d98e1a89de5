"""What a column seems to hold, from its name and its values: an identity, a date, codes… When in doubt, an identity."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pandas as pd

from etabli.personal_data import find

MOST_CODES = 40
"""Different values from which a column is no longer taken for coded."""

FEWEST_ROWS = 5
"""Rows, and people if known, that must hold a value before a draft writes it: a rarer one may be somebody's."""

MOST_WORDS = 2
"""Words of a value from which a draft writes no code, unless it is an answer: more of them may tell of somebody."""

MOST_ANSWERS = 20
"""Different answers of a closed question; free text, which people word each in their own way, has more of them."""

_FEWEST_ANSWERS = 100
"""Rows of a closed question: under them, sentences that come back may all be those of a few people."""

_ANSWERED = 0.9
"""Part of the rows, at least, whose answer comes back `FEWEST_ROWS` times: a closed question, not free text."""

_ANSWER_WORDS = 12
"""Words of the longest answer of a closed question that a draft writes."""

_MISSING = re.compile(
    r"|nsp|nr|nc|nd|na|n_a|nspp|ne_(se_prononce|sai[ts])_pas|non_(renseigne|communique|connu|reponse|concerne)e?|"
    r"inconnue?|refus\w*(_de_repondre)?|vide|null|none|nan|sans_(reponse|objet)|pas_de_reponse|donnee_manquante|"
    r"valeur_manquante|manquante?|missing|unknown|don_t_know|refused"
)
"""What partners write for « missing » among numbers and dates; signs alone (« ? », « - ») say it too."""

_IDENTITY_NAMES = re.compile(
    r"(^|_)(id|ident\w*|nir|secu\w*|numero|num|no|n|matricule\w*|dossier\w*|alloc\w*|nom\w*|prenom\w*|name|firstname|lastname|"
    r"tel\w*|phone|portable|mobile|mail\w*|email\w*|courriel|adresse\w*|address|rue|voie|iban|rib|siret|uuid|cle|key|"
    r"signataire|interlocuteur|agent|login)(_|$)"
)
_PERSON_NAMES = re.compile(
    r"(^|_)(id|ident|identifiant|matricule|alloc\w*|usager\w*|benef\w*|dossier|numero|num|no|n|personne|foyer|menage|"
    r"demandeur|locataire|adherent|repondant|enquete|interviewe)(_|$)"
)
_PLACE_NAMES = re.compile(r"(^|_)(rue|voie|tel\w*|agent|guichet|ligne|ticket|rdv|contrat|facture|iban|siret)(_|$)")
"""In the name of a number, what says that it is nobody's."""

_FREE_TEXT_NAMES = re.compile(
    r"(^|_)(comment\w*|observation\w*|remarque\w*|note|notes|texte\w*|libre|verbatim\w*|precis\w*)(_|$)"
)
_SENSITIVE_NAMES = re.compile(
    r"sante|health|handicap|aah|mdph|invalid|maladie|malade|medic|vih|hiv|sida|depist|test_(viral|genet)|hepatite|cancer|"
    r"grossesse|enceinte|ivg|avortement|contracept|traitement|hospital|psych|depress|suicid|addict|alcool|drogue|toxico|"
    r"ethni|racia|relig|culte|croyance|transgenre|lgbt|prison|detention|tutelle|curatelle|rsa|prestation|benefit|nationalit|sejour|asile|origine|pays|syndic|"
    r"polit|sexuel|orient|revenu|ressource|income|salaire|impaye|dette|penal|justice|violence|motif|logement|housing"
)
_IDENTITY_FORMS = {
    "d’un numéro de sécurité sociale": re.compile(
        r"[12][ .]?\d{2}[ .]?\d{2}[ .]?(?:\d{2}|2[AB])[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{2})?"
    ),
    "d’un numéro de téléphone": re.compile(r"(?:\+33|0033|0)[ .]?[1-9](?:[ .-]?\d{2}){4}"),
    "d’une adresse électronique": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "d’une adresse postale": re.compile(
        r"\d{1,4}(?: ?bis| ?ter)?,? (?:rue|avenue|av\.?|bd|boulevard|place|allée|impasse|cours|quai) .+", re.IGNORECASE
    ),
    "d’un IBAN": re.compile(r"[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){3,7}[A-Z0-9]{0,4}"),
}
_RARE = "aucune valeur n’est assez fréquente : dans le doute, un identifiant"
_NAMED = "son nom est celui d’un identifiant"
_SPREAD = "beaucoup de valeurs différentes : dans le doute, un identifiant"
_FREQUENT = """
marie jean pierre michel philippe alain nicolas christophe patrick laurent julien thomas nathalie isabelle sylvie
catherine martine christine francoise monique anne sophie julie camille lea emma chloe manon ines sarah louis lucas
hugo gabriel arthur adam mohamed ahmed fatima aicha karim yassine ibrahim aminata mamadou fatou omar ali amina leila
martin bernard dubois robert richard petit durand leroy moreau simon lefebvre garcia david bertrand roux vincent
fournier morel girard andre mercier dupont lambert bonnet francois martinez legrand garnier faure rousseau tanguy
diallo traore ndiaye nguyen benali
"""

_NAMES = frozenset(_FREQUENT.split())
"""Frequent given names and family names in France (Insee's lists), enough that a column of names holds several."""

_PLACES = {
    "iris": (re.compile(r"(^|_)iris(_|$)|code_iris|dcomiris"), "(?:[0-9]{2}|2[AB])[0-9]{7}"),
    "postcode": (re.compile(r"(^|_)(cp|code_?postal\w*|postal\w*)(_|$)"), "[0-9]{5}"),
    "commune": (re.compile(r"insee|(^|_)(com|commune\w*|depcom|codgeo)(_|$)"), "(?:[0-9]{2}|2[AB])[0-9]{3}"),
}
_WHOLE = "[+-]?(?:0|[1-9][0-9]{0,3})"
"""A whole number that is no code: of four digits at most, without a leading zero."""

_DATES = (
    "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y",
)  # fmt: skip
_MOMENTS = (
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
    "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d/%m/%y %H:%M", "%d-%m-%y %H:%M",
)  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """What a column seems to be, and why.

    Parameters
    ----------
    type, sensitivity
        In the words of the codebook.
    why
        In French, for the comment beside it.
    codes
        Values that may be written, commonest first; for the type `code`.
    hidden
        Number of values that are not written: too rare, of several words, or personal.
    missing
        Words that stand for « missing » among numbers or dates.
    """

    type: str
    sensitivity: str
    why: str
    pattern: str | None = None
    format: str | None = None
    codes: tuple[str, ...] = ()
    hidden: int = 0
    required: bool = True
    missing: tuple[str, ...] = ()


def look_at(
    column: str,
    values: pd.Series,
    *,
    title: str = "",
    labelled: Mapping[str, str] = MappingProxyType({}),
    missing: Collection[str] = (),
    people: pd.Series | None = None,
) -> Likeness:
    """Return what a column of text seems to hold.

    Parameters
    ----------
    column
        Its name in the delivery.
    values
        Its cells as text; an empty one or NA misses.
    title
        The label that the file itself gives it.
    labelled
        The values that the file itself labels: they are codes, unless the file labels some of many numbers.
    missing
        Values that the file itself declares missing.
    people
        Whose each row is, if that is known: twelve visits of one person make no code.

    Examples
    --------
    >>> look_at("COURRIEL", pd.Series(["a@b.fr", "c@d.fr"])).type
    'identifier'
    >>> children = pd.Series([*(str(number) for number in range(20)), "99"])
    >>> look_at("ENFANTS", children, labelled={"99": "Refus"}).missing
    ('99',)
    """
    text = values.astype("str").str.strip()
    filled = text[text.notna() & (text != "") & ~text.isin(list(missing))]
    told = {value: label for value, label in labelled.items() if value not in missing}
    unanswered = tuple(value for value, label in told.items() if says_missing(label))
    likeness = _likeness(column, title, filled, told, unanswered)
    if people is not None:
        likeness = _of_several(likeness, filled, people, has_labels=bool(told))
    return replace(likeness, required=len(filled) == len(values) and not likeness.missing)


def _of_several(likeness: Likeness, filled: pd.Series, people: pd.Series, *, has_labels: bool) -> Likeness:
    """Leave out of the codes those that few people have."""
    if not likeness.codes:
        return likeness
    held = people.loc[filled.index].groupby(filled.to_numpy()).nunique()
    kept = tuple(value for value in likeness.codes if held.get(value, 0) >= FEWEST_ROWS)
    if not kept and not has_labels:
        return Likeness("identifier", "identifier", _RARE)
    return replace(likeness, codes=kept, hidden=likeness.hidden + len(likeness.codes) - len(kept))


def says_missing(label: str) -> bool:
    """Return whether a text says that there is no answer.

    >>> says_missing("Ne sait pas"), says_missing("Refus de répondre"), says_missing("Aucun enfant")
    (True, True, False)
    """
    return _MISSING.fullmatch(folded(label)) is not None


def _likeness(
    column: str, title: str, filled: pd.Series, labelled: Mapping[str, str], unanswered: tuple[str, ...]
) -> Likeness:
    """Look at the answers alone where the file labels others as none: among numbers and dates, these do not count."""
    if unanswered:
        counts, others = filled[~filled.isin(unanswered)].value_counts(), set(labelled) - set(unanswered)
        answered = _seen(folded(column), folded(title), counts, int(counts.sum()), others)
        if answered.type == "code" and not others and _share(counts, _WHOLE) == 1:  # a code would have its labels
            answered = replace(answered, type="integer", why="des nombres entiers", codes=(), hidden=0)
        if answered.type in {"integer", "number", "date", "datetime"}:
            return replace(answered, missing=(*answered.missing, *unanswered))
    return _seen(folded(column), folded(title), filled.value_counts(), len(filled), set(labelled))


def may_name_people(column: str) -> bool:
    """Return whether a column is called as the number of a person, or of their file, would be.

    >>> may_name_people("N° allocataire"), may_name_people("N° agent"), may_name_people("Âge")
    (True, False, False)
    """
    name = folded(column)
    return _PERSON_NAMES.search(name) is not None and _PLACE_NAMES.search(name) is None


def names_people(column: str, likeness: Likeness) -> bool:
    """Return whether a column seems to hold the number of a person, or of their file.

    >>> names_people("N° allocataire", look_at("N° allocataire", pd.Series(["0012", "0014"])))
    True
    """
    return may_name_people(column) and likeness.why in {_NAMED, _SPREAD}


def folded(name: str) -> str:
    """Return a name in small letters without accents, words joined by underscores.

    >>> folded("N° d’allocataire"), folded("DateNaissance")
    ('n_d_allocataire', 'date_naissance')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    plain = unicodedata.normalize("NFKD", spaced.replace("’", "_").replace("°", "_")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def _seen(name: str, title: str, counts: pd.Series, filled: int, labelled: set[str]) -> Likeness:
    place = _place(name, counts)
    if place is not None:
        return place
    for what, form in _IDENTITY_FORMS.items():
        if any(form.fullmatch(str(value)) for value in counts.index):
            return Likeness("identifier", "identifier", f"des valeurs ont la forme {what}")
    if _IDENTITY_NAMES.search(name):
        return Likeness("identifier", "identifier", _NAMED)
    if _are_names(counts):
        return Likeness("identifier", "identifier", "des valeurs ressemblent à des noms de personnes")
    if _FREE_TEXT_NAMES.search(name):
        return _free_text("son nom est celui d’un texte libre")
    if not filled:
        return Likeness("identifier", "identifier", "colonne vide : rien ne dit ce qu’elle contiendra")
    told = any(_SENSITIVE_NAMES.search(each) for each in (name, title))
    sensitivity = "sensitive" if told else "quasi_identifier"
    typed = _typed(counts, sensitivity)
    if labelled and (typed is None or set(map(str, counts.index)) <= labelled):
        return _codes(counts, sensitivity, "le fichier étiquette ses valeurs", labelled)
    if typed is None and any(next(find(str(value)), None) is not None for value in counts.index):
        return Likeness("identifier", "identifier", "des valeurs portent une donnée personnelle")
    return typed or _typed_but_for_missing(counts, sensitivity) or _by_spread(counts, filled, sensitivity)


def _are_names(counts: pd.Series) -> bool:
    """Return whether at least two values, and one in ten, hold a frequent name."""
    hits = sum(bool(_NAMES.intersection(folded(str(value).title()).split("_"))) for value in counts.index[:2_000])
    return hits >= 2 and hits >= 0.1 * min(len(counts), 2_000)


def _place(name: str, counts: pd.Series) -> Likeness | None:
    for what, (names, pattern) in _PLACES.items():
        if names.search(name) and len(counts) and _share(counts, pattern) == 1:
            told = {"iris": "des codes IRIS", "postcode": "des codes postaux", "commune": "des codes de commune"}[what]
            return Likeness("text", "quasi_identifier", told, pattern=pattern)
    return None


def _share(counts: pd.Series, pattern: str) -> float:
    return float(counts[counts.index.str.fullmatch(pattern)].sum() / counts.sum())


def _typed(counts: pd.Series, sensitivity: str) -> Likeness | None:
    values = pd.Series(counts.index, dtype="str")
    for kind, formats in (("datetime", _MOMENTS), ("date", _DATES)):
        for form in formats:
            if bool(values.str.contains("[0-9]").all()) and _are_dates(values, form):
                return Likeness(kind, "quasi_identifier", "des dates", format=form)
    truth = set(values.str.casefold())
    if truth <= {"oui", "non"} or truth <= {"true", "false"}:
        return Likeness("boolean", sensitivity, "oui ou non")
    few = len(counts) <= 12 and counts.sum() / len(counts) >= FEWEST_ROWS
    if _share(counts, r"0[0-9]+") > 0:
        return None  # a leading zero is a code's, a number would lose it
    if _share(counts, _WHOLE) == 1 and not few:
        return Likeness("integer", sensitivity, "des nombres entiers")
    if _share(counts, r"[+-]?[0-9]{1,3}(?:[  ]?[0-9]{3})*[.,][0-9]+|[+-]?[0-9]{1,4}") == 1 and not few:
        return Likeness("number", sensitivity, "des nombres")
    return None


def _typed_but_for_missing(counts: pd.Series, sensitivity: str) -> Likeness | None:
    """Return what the values are beside words that say « missing », None when those are not all that hinders."""
    absent = counts.index.map(lambda value: says_missing(str(value))).to_numpy(dtype=bool)
    if not absent.any() or absent.all():
        return None
    typed = _typed(counts[~absent], sensitivity)
    if typed is None or typed.type == "boolean":
        return None
    words = tuple(sorted(str(value) for value in counts.index[absent]))
    return replace(typed, why=f"{typed.why}, et ce qui dit qu’il en manque", missing=words)


def form_of_dates(values: pd.Series) -> str | None:
    """Return the form in which every value is a date, or a date and time; None when none does.

    >>> form_of_dates(pd.Series(["1/2/24", "13/12/24"]))
    '%d/%m/%y'
    """
    return next((form for form in (*_DATES, "%m/%d/%Y", *_MOMENTS) if len(values) and _are_dates(values, form)), None)


def _are_dates(values: pd.Series, form: str) -> bool:
    if form == "%Y%m%d" and not bool(values.str.fullmatch(r"(?:19|20)[0-9]{6}").all()):
        return False
    return bool(pd.to_datetime(values, format=form, errors="coerce").notna().all())


def _by_spread(counts: pd.Series, filled: int, sensitivity: str) -> Likeness:
    if bool((counts.index.str.count(r"\S+") > MOST_WORDS).mean() > 0.2):
        repeated = int(counts[counts >= FEWEST_ROWS].sum())
        if filled < _FEWEST_ANSWERS or len(counts) > MOST_ANSWERS or repeated < _ANSWERED * filled:
            return _free_text("des phrases")
        return _codes(counts, sensitivity, "des réponses toutes faites, qui reviennent", words=_ANSWER_WORDS)
    if len(counts) <= MOST_CODES and filled / len(counts) >= FEWEST_ROWS:
        return _codes(counts, sensitivity, "peu de valeurs, qui reviennent")
    return Likeness("identifier", "identifier", _SPREAD)


def _codes(
    counts: pd.Series, sensitivity: str, why: str, labelled: Collection[str] = (), words: int = MOST_WORDS
) -> Likeness:
    beside = counts[~counts.index.isin(list(labelled))]
    frequent = [str(value) for value in beside[beside >= FEWEST_ROWS].index]
    kept = tuple(sorted(value for value in frequent if len(value.split()) <= words))
    if not kept and not labelled:
        return Likeness("identifier", "identifier", _RARE)
    return Likeness("code", sensitivity, why, codes=kept, hidden=len(beside) - len(kept))


def _free_text(why: str) -> Likeness:
    """Free text enters no frame: taken for an identifier, it becomes a pseudonym, and what it says is dropped."""
    return Likeness(
        "identifier", "identifier", f"texte libre ({why}) : un pseudonyme le remplace, son contenu est laissé"
    )
