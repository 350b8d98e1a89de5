"""What other files of the demo tell: the appointment book, and contacts online and by phone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .desk import LAST_ARRIVAL, OPENING, REQUESTS, Desk, draw_requests
from .people import Integers, coded

HELD = ("held", "missed")
MISSED_BESIDE = 0.16
"""Probability that an appointment which was held has, beside it, one that its recipient missed."""
MISSED_ALONE = 0.01
"""Probability that a recipient who did not come has missed an appointment."""

CONTACT_CHANNELS = ("online", "phone")
ONLINE_FIRST = (0.40, 0.05)
"""Probability to have written online before the first visit, by use of the online account."""
PHONE_AFTER = (0.12, 0.30)
"""Probability to have phoned before the first visit, without and with a contact online before it."""
LOOK_BACK = 10
"""Days before the first visit within which those contacts are: those of the first days of the period are not seen."""
CONTACT_ALONE = 0.10
"""Probability that a recipient who did not come has had a contact."""


def appointments_of(
    random: np.random.Generator,
    desk: Desk,
    names: NDArray[np.object_],
    others: NDArray[np.object_],
    days: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Return the appointment book, in codes: those held, one for each visit by appointment, and those missed."""
    held = np.flatnonzero(desk.appointment)
    again = held[random.random(len(held)) < MISSED_BESIDE]
    alone = others[random.random(len(others)) < MISSED_ALONE]
    missed, first = len(again) + len(alone), len(held)
    planned = days[desk.day[held]] + pd.to_timedelta(desk.minute[held], unit="min")
    slots = OPENING + 30 * random.integers(0, (LAST_ARRIVAL - OPENING) // 30 + 1, size=missed)
    elsewhere = days[random.integers(0, len(days), size=missed)] + pd.to_timedelta(slots, unit="min")
    when = pd.Series(planned.append(elsewhere))
    request = draw_requests(random, random.integers(0, 5, size=len(alone)), np.ones(len(alone), dtype=bool))
    n = first + missed
    frame = pd.DataFrame(
        {
            "recipient": np.concatenate([names[desk.person[held]], names[desk.person[again]], alone]),
            "taken_on": when.dt.normalize() - pd.to_timedelta(random.integers(2, 22, size=n), unit="D"),
            "planned_for": when,
            "kept": coded(np.repeat([0, 1], [first, missed]), HELD),
            "planned_minutes": pd.array(np.where(random.random(n) < 0.3, 45, 30), dtype="Int64"),
            "real_minutes": pd.array([*desk.lasted[held].tolist(), *[pd.NA] * missed], dtype="Int64"),
            "request": coded(np.concatenate([desk.request[held], desk.request[again], request]), REQUESTS),
        }
    )
    return frame.sort_values(["planned_for", "recipient"], kind="stable", ignore_index=True)


def contacts_of(
    random: np.random.Generator,
    desk: Desk,
    online_account: Integers,
    names: NDArray[np.object_],
    others: NDArray[np.object_],
    days: pd.DatetimeIndex,
) -> pd.DataFrame:
    """Return contacts online and by phone, in codes: before the first visit, and of those who did not come."""
    _, first = np.unique(desk.person, return_index=True)
    n = len(first)
    online = random.random(n) < np.take(ONLINE_FIRST, online_account)
    phone = random.random(n) < np.take(PHONE_AFTER, online.astype(np.int64))
    alone = np.flatnonzero(random.random(len(others)) < CONTACT_ALONE)
    day = days[desk.day[first]]
    period = days[0].to_period("Q")
    start, length = period.start_time, (period.end_time - period.start_time).days + 1
    back = [(online, 0, random.integers(4, LOOK_BACK + 1, size=n)), (phone, 1, random.integers(1, 4, size=n))]
    parts = [
        (names[who], day[who] - pd.to_timedelta(ago[who], unit="D"), np.full(who.sum(), code), desk.request[first][who])
        for who, code, ago in back
    ]
    anywhere = start + pd.to_timedelta(random.integers(0, length, size=len(alone)), unit="D")
    request = draw_requests(random, random.integers(0, 5, size=len(alone)), np.zeros(len(alone), dtype=bool))
    parts.append((others[alone], anywhere, random.integers(0, 2, size=len(alone)), request))
    who, when, channel, asked = (list(each) for each in zip(*parts, strict=True))
    moment = pd.Series(np.concatenate(when)) + pd.to_timedelta(
        random.integers(8 * 60, 20 * 60, size=sum(map(len, who))), unit="min"
    )
    frame = pd.DataFrame(
        {
            "recipient": np.concatenate(who),
            "visited_at": moment,
            "channel": coded(np.concatenate(channel), CONTACT_CHANNELS),
            "request": coded(np.concatenate(asked), REQUESTS),
        }
    )
    frame = frame[frame["visited_at"] >= start]
    return frame.sort_values(["visited_at", "recipient"], kind="stable", ignore_index=True)
