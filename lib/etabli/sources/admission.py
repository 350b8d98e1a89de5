"""Whether the real deliveries of an edition may be read today: under the agreement that they came with, in force."""

from __future__ import annotations

from datetime import date

from etabli.agreements import read_agreements
from etabli.errors import DisclosureError
from etabli.project import Project
from etabli.sources.receipts import RECEIPT, Entry, read_receipt
from etabli.study import Source, Study


def hold_edition(project: Project, study: Study, edition: str, *, day: date) -> None:
    """Refuse an edition of which a delivery may not be read. Fictional and public data have nothing to expire.

    Parameters
    ----------
    day
        Today, for whoever reads.

    Raises
    ------
    DisclosureError
        An agreement does not allow the study, is not complete or not in force; or a delivery came under another.
    DeliveryError
        A receipt is damaged.
    """
    agreements = read_agreements(project, study)
    if edition not in study.editions or study.editions[edition].deliveries != "raw":
        return
    for source in study.sources.values():
        agreement = agreements[source.agreement]
        path = project.raw(agreement.provider, edition) / source.file
        if source.public is not None or not path.is_file():
            continue
        receipt = path.with_name(RECEIPT)
        entry = read_receipt(receipt, shown=project.relative(receipt)).get(path.name)
        _hold_agreement(entry, source, shown=project.relative(path))
        agreement.hold_for_delivery(day, shown=project.relative(project.agreements / f"{source.agreement}.yml"))


def _hold_agreement(entry: Entry | None, source: Source, *, shown: str) -> None:
    """Hold a delivery to the agreement of its receipt: another, named later in study.yml, frees nothing."""
    if entry is not None and entry.agreement not in (None, source.agreement):
        raise DisclosureError(
            "Cette livraison est venue sous une autre convention que celle de l’étude.",
            where=shown,
            expected=f"{entry.agreement}, selon son reçu",
            got=f"{source.agreement}, selon study.yml",
            hint="rétablissez « agreement » dans study.yml ; sous une autre convention, elle se reçoit de nouveau",
        )
