"""From the plane coordinates of French files to degrees: Lambert-93, the legal projection of metropolitan France."""

from __future__ import annotations

from math import atan, atan2, degrees, exp, hypot, log, pi, radians, sin

LAMBERT_93 = 2154
"""EPSG code of RGF93 / Lambert-93."""

IN_DEGREES = frozenset({4326, 4171, 4258, 9777, 9782, 9784})
"""EPSG codes of longitudes and latitudes within a metre of one another: WGS 84, RGF93 and its realisations, ETRS89."""

_N, _C = 0.7256077650, 11_754_255.426
"""Exponent and constant (metres) of the projection."""
_XS, _YS = 700_000.0, 12_655_612.050
"""Where its pole stands on the plane, in metres."""
_E = 0.08181919112
"""First eccentricity of the ellipsoid GRS 80."""
_MERIDIAN = 3.0
"""Degrees: the central meridian."""


def from_lambert_93(x: float, y: float) -> tuple[float, float]:
    """Return the longitude and latitude, in degrees, of a point in Lambert-93, to less than a millimetre.

    Source: IGN, *Projection cartographique conique conforme de Lambert*, NTG 71, algorithms ALG0004 and ALG0002.

    Parameters
    ----------
    x, y
        Metres.

    Examples
    --------
    >>> longitude, latitude = from_lambert_93(700_000, 6_600_000)
    >>> round(longitude, 7), round(latitude, 7)
    (3.0, 46.5)
    """
    radius = hypot(x - _XS, y - _YS)
    turned = atan2(x - _XS, _YS - y)
    isometric = -log(radius / _C) / _N
    latitude = 2 * atan(exp(isometric)) - pi / 2
    for _ in range(12):  # each step divides the error by a hundred
        bent = _E * sin(latitude)
        latitude = 2 * atan(((1 + bent) / (1 - bent)) ** (_E / 2) * exp(isometric)) - pi / 2
    return degrees(radians(_MERIDIAN) + turned / _N), degrees(latitude)
