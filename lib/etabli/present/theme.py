"""The house's own name, logo, words and colours: change them here, and nowhere else, for another house."""

from __future__ import annotations

ORGANISATION = "APRAS"
CALCULATIONS = f"calculs {ORGANISATION}"

LOGO = ""
"""Stands before the name of the house: SVG shapes alone (`present.logo`); empty: none. `currentColor` is the accent."""

LOGO_ALTERNATIVE = ""
"""What it shows, for those who do not see it. Of a logo of letters: those letters."""

PAGE = {
    "light": {
        "ink": "#1b2a3a",
        "paper": "#ffffff",
        "muted": "#55636f",
        "accent": "#0b5c7a",
        "pale": "#f2f6f8",
        "line": "#d3dbe1",
        "warn": "#7a2e0b",
        "warn-pale": "#fdf1e7",
        "alarm": "#7a1020",
    },
    "dark": {
        "ink": "#e6edf3",
        "paper": "#121a22",
        "muted": "#a9b7c4",
        "accent": "#7fc4de",
        "pale": "#1c2732",
        "line": "#3a4754",
        "warn": "#f6bd8f",
        "warn-pale": "#37220f",
        "alarm": "#8a1a2b",
    },
}
"""Colours of a page on a screen, by what they are for; on paper it is always the light ones. Figures keep theirs."""

INK = "#1b2a3a"
ACCENT = "#0b5c7a"
MUTED = "#5d6b78"
GRID = "#d9dfe4"
SERIES = ("#0b5c7a", "#c25129", "#6f5a9c", "#3d7a3a", "#8a6d00")
"""Colours of series, told apart by colour-blind readers and in grey; markers differ as well."""
MARKERS = ("o", "s", "D", "^", "v")
LINK = "#6f9bad"
"""Colour of links between nodes: lighter than what stands on them, and still seen on white."""
BORDER = "#868f98"
"""Colour of borders between places: seen on white, and on the darkest of the sequence."""
SEQUENCE = ("#e6f0f4", "#b5d3df", "#77adc4", "#2f7898", "#063b50")
"""Colours of classes, from few to many, far enough apart to be told in grey."""

AUDIENCES = {
    "internal": "Interne",
    "partner": "Partenaires professionnels",
    "funder": "Financeurs",
    "public": "Tout public",
}
STATUSES = {"draft": "Document de travail", "final": "Version définitive"}

REUSE = {
    "public": "Ce rapport et ses tableaux peuvent être repris librement, sous la Licence Ouverte 2.0, "
    "en citant leur source.",
    "": "Ce rapport est destiné à ses seuls destinataires. Il ne peut être ni publié ni transmis sans l’accord de qui "
    "l’a fait.",
}
"""Under what a report may be used again, by audience; the last one for all others."""

ACCESSIBILITY = (
    "Ce document vise la conformité au RGAA 4.1 (WCAG 2.1, niveau AA). Le gabarit est vérifié par un outil automatique "
    "à chaque changement ; ce qu’un outil ne peut pas juger a été vérifié à la main sur un rapport type. Chaque figure "
    "a un texte de remplacement et le tableau de ses données. Si quelque chose vous empêche de le lire, dites-le au "
    "contact de l’étude : une version que vous pouvez lire vous sera envoyée."
)
"""The statement that a public body owes its readers."""

TOTAL_LABEL = "Ensemble"
MISSING_LABEL = "Non renseigné"
MASKED = "s"
IMPOSSIBLE = "///"
NOT_AVAILABLE = "n.d."
AT_MOST = "≤"
"""Begins the sign of a count that is small, or none (« ≤ 5 »), where an agreement has counts rounded."""

DIMENSIONS = {"axis": "Axe", "classes": "Nombre de classes", "rank": "Rang", "typology": "Classe"}
"""Labels of dimensions that methods make; a codebook's `derived` comes first."""

MEASURES = {
    "share": "Part",
    "rate_ratio": "Rapport de fréquence",
    "share_of_visits": "Part des visites",
    "expected_poisson": "Attendus (loi de Poisson)",
    "expected_negative_binomial": "Attendus (loi binomiale négative)",
    "rows_per_person": "Moyenne par personne",
    "per_day": "Par jour d’ouverture",
    "odds_ratio": "Rapport de cotes",
    "survival": "Part encore sans l’événement",
    "incidence": "Part ayant connu l’événement",
    "share_of_class": "Part dans la classe",
    "v_test": "Valeur-test",
    "modified_rate": "Taux modifié (Benzécri)",
    "gain": "Inertie gagnée",
    "explained": "Inertie entre les classes",
    "jaccard": "Indice de Jaccard moyen",
    "adjusted_rand": "Indice de Rand ajusté moyen",
    "same_number": "Tirages qui retiennent autant de classes",
    "eigenvalue": "Valeur propre",
    "chance": "Valeur propre due au hasard",
    "drop": "Chute",
    "rate": "Taux d’inertie",
    "benzecri": "Taux modifié (Benzécri)",
    "greenacre": "Taux modifié (Greenacre)",
    "coordinate": "Coordonnée",
    "contribution": "Contribution",
    "quality": "Cos²",
    "share_event": "Part observée",
    "share_back": "Part revenue",
    "median_days": "Délai médian (jours)",
    "share_again": "Part refaite",
    "desk_hours": "Heures de guichet",
    "share_territory": "Part dans le territoire",
    "share_visitors": "Part parmi les personnes venues",
    "index": "Indice",
    "standardised": "Indice standardisé",
    "dispersion": "Dispersion (α)",
    "use_rate": "Taux d’utilisation",
    "uses_per_user": "Usages ponctuels par personne utilisatrice",
    "dematerialised": "Billets dématérialisés",
    "dematerialised_share": "Part des billets dématérialisés",
    "amount": "Montant",
    "mean_amount": "Montant moyen",
    "value": "Valeur",
    "known_years": "Années données",
    "figure_year": "Année du chiffre",
    "previous_year": "Année précédente donnée",
    "since_previous": "Période de l’évolution",
    "previous": "Valeur de l’année précédente donnée",
    "change": "Évolution depuis l’année précédente donnée",
    "annual_change": "Évolution moyenne par an depuis l’année précédente donnée",
    "reference_year": "Année de référence",
    "since_reference": "Période depuis l’année de référence",
    "reference": "Valeur de l’année de référence",
    "since_2019": "Évolution depuis 2019",
    "annual_since_2019": "Évolution moyenne par an depuis 2019",
    "since_2019_same": "Évolution depuis 2019, à champ constant",
    "stated": "Énoncé",
    "recomputed": "Recalculé",
    "difference": "Écart",
    "stated_as": "Énoncé",
    "recomputed_as": "Recalculé",
    "difference_as": "Écart",
    "verdict": "Verdict",
    "reason": "Raison",
}
"""Labels of measures that several studies share; a notebook's `labels` come first."""
