"""From one channel to the next: what a contact is followed by, and in which order a person used them.

Each function tells of the rows, or of the people, of **one** file, and looks for what came after in all of them
(`stacks`): what it returns is a frame of that file, with one variable more that `profiles` counts and disclosure
control protects as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pandas as pd

from etabli.errors import MethodError, suggestion
from etabli.memo import pure
from etabli.methods.clusters import Integers, encode
from etabli.methods.following import Following, gaps, only_followed
from etabli.methods.membership import mark_derived
from etabli.methods.routes import people_by_route
from etabli.methods.stacks import categorical, stacked

NEXT, FIRST, SEQUENCE = "next_channel", "first_channel", "sequence"
"""Variables made here: the next contact's channel; a person's first channel; all of them in their order."""

OTHER = "other"
"""The sequences that are not listed, together."""


@pure
def with_next(
    frame: pd.DataFrame, following: Following, *, others: Sequence[pd.DataFrame] = (), by: str = "channel"
) -> pd.DataFrame:
    """Return the contacts that are followed long enough, with the channel of the person's next one.

    `profiles.crosstab(with_next(…), by, by="next_channel")` are then the transitions, in contacts and in people, with
    intervals by person.

    Parameters
    ----------
    frame
        One row a contact.
    following
        Who, when, until when; the longest of its numbers of days counts.
    others
        Contacts of other files.
    by
        The channel.

    Returns
    -------
    pandas.DataFrame
        Rows of `frame` with as many days left as the longest delay, held at `followed`. `next_channel` (categorical):
        the channels of all files, then `none`; missing where the person or the moment is, or the next one's channel.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, one is after the period's end, none is followed so long, or a
        channel is called `none`.

    Examples
    --------
    >>> contacts = pd.DataFrame({"recipient": [*"aab"], "channel": ["online", "phone", "online"],
    ...     "visited_at": pd.to_datetime(["2024-10-01", "2024-10-04", "2024-10-02"])})
    >>> with_next(contacts, Following("2024-12-31", within=(14,)))["next_channel"].to_list()
    ['phone', 'none', 'none']
    """
    stack = stacked([frame, *others], following.person, following.at, (by,))
    channel = encode(stack, by)
    if "none" in channel.levels:
        raise MethodError(
            "Un canal s’appelle « none » : c’est le nom de l’absence de contact.", where=f"variable « {by} »"
        )
    found = gaps(stack, following)
    near = (found.next_row >= 0) & (found.to_next <= following.within[-1])
    codes = np.where(near, channel.codes[found.next_row], len(channel.levels))
    own = np.where(found.known, codes, -1)[: len(frame)]
    marked = frame.assign(**{NEXT: categorical(own, (*channel.levels, "none"))})
    return only_followed(marked, gaps(frame, following), following)


@pure
def people_by_sequence(
    frame: pd.DataFrame,
    *,
    others: Sequence[pd.DataFrame] = (),
    by: str = "channel",
    steps: int = 2,
    listed: Sequence[str] = (),
    person: str = "recipient",
    at: str = "visited_at",
    keep: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row a person of a file, with the channels that they used one after the other over the period.

    Channels are taken in order of time, the same one several times in a row once; the first `steps` of them make the
    sequence: `online_phone` is whoever went online first, then phoned, whatever came after. What came before the period
    is not seen: the first channel is that of the period.

    The categories are **all** sequences that can be, or those that `listed` names, with `other`: never those that were
    met. Which sequences are rare would be told by a list of the others.

    Parameters
    ----------
    frame
        One row a contact, of the file whose people are told of. Rows without a person or a moment are left out.
    others
        Contacts of other files, of the same people or not.
    by
        The channel.
    steps
        How many channels one after the other.
    listed
        Sequences that stand by themselves, chosen before the data are seen; all others are `other`.
    person, at
        Who, and when. Contacts at the same moment are taken in the order of the files, then of their rows.
    keep
        Attributes of the person, as for `routes.people_by_route`.

    Returns
    -------
    pandas.DataFrame
        As `routes.people_by_route` returns it, with `first_channel` and `sequence` (categorical). Both are missing
        for a person of whom a contact among these has no channel.

    Raises
    ------
    MethodError
        A column does not exist, moments are no dates, `steps` is under 1, or `listed` names what cannot be.

    Examples
    --------
    >>> contacts = pd.DataFrame({"recipient": [*"aaab"], "channel": ["online", "online", "phone", "phone"],
    ...     "visited_at": pd.to_datetime(["2024-10-01", "2024-10-04", "2024-10-05", "2024-10-02"])})
    >>> people_by_sequence(contacts)["sequence"].to_list()
    ['online_phone', 'phone']
    """
    stack = stacked([frame, *others], person, at, (by,))
    channel = encode(stack, by)
    names = sequences_of(channel.levels, steps)
    _hold_listed(listed, names)
    people = people_by_route(frame, by=by, person=person, keep=keep)
    who = pd.Index(people[person]).get_indexer(pd.Index(stack[person]))
    known = (who >= 0) & stack[at].notna().to_numpy(dtype=bool)
    paths = _paths(who[known], stack.loc[known, at].to_numpy(), channel.codes[known], (len(people), steps))
    whole = (paths[:, 0] >= 0) & (paths != _UNKNOWN).all(axis=1)
    told = ["_".join(channel.levels[code] for code in path if code >= 0) for path in paths.tolist()]
    shown = (*listed, OTHER) if listed else names
    places = {name: number for number, name in enumerate(shown)}
    sequence = [
        places.get(name, len(shown) - 1) if is_whole else -1 for name, is_whole in zip(told, whole, strict=True)
    ]
    made = people.assign(
        **{
            FIRST: categorical(np.where(whole, paths[:, 0], -1), channel.levels),
            SEQUENCE: categorical(np.array(sequence, dtype=np.int64), shown),
        }
    )
    return mark_derived(made, people, {} if listed else {FIRST: SEQUENCE})


def sequences_of(channels: Sequence[str], steps: int) -> tuple[str, ...]:
    """Return all sequences of so many channels or fewer, none twice in a row, in the order of the channels.

    Examples
    --------
    >>> sequences_of(["online", "phone"], 2)
    ('online', 'phone', 'online_phone', 'phone_online')
    """
    if steps < 1:
        raise MethodError("Une suite compte un canal au moins.", expected="« steps » de 1 ou plus", got=str(steps))
    paths = [path for length in range(1, steps + 1) for path in product(channels, repeat=length)]
    kept = [path for path in paths if all(one != other for one, other in pairwise(path))]
    return tuple("_".join(path) for path in kept)


_NOTHING, _UNKNOWN = -1, -2
"""In a path: no contact any more; a contact of which the channel is missing."""


def _paths(who: Integers, moment: np.ndarray, channel: Integers, shape: tuple[int, int]) -> Integers:
    """Return the first channels of each person, one after the other (people × steps)."""
    order = np.lexsort((np.arange(len(who)), moment, who))
    person, used = who[order], channel[order]
    moves = np.ones(len(who), dtype=bool)
    moves[1:] = (person[1:] != person[:-1]) | (used[1:] != used[:-1])
    person, used = person[moves], used[moves]
    step = np.arange(len(person)) - np.searchsorted(person, person)
    found = np.full(shape, _NOTHING, dtype=np.int64)
    early = step < shape[1]
    found[person[early], step[early]] = np.where(used[early] < 0, _UNKNOWN, used[early])
    return found


def _hold_listed(listed: Sequence[str], names: Sequence[str]) -> None:
    unknown = [name for name in listed if name not in names]
    if unknown:
        raise MethodError(f"La suite « {unknown[0]} » n’existe pas.", hint=suggestion(unknown[0], list(names)))
