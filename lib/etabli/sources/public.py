"""Public files that a study reads: fetched once by pooch, held to their digest, read from the cache ever after."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from etabli.errors import DeliveryError
from etabli.project import MIRROR_VARIABLE
from etabli.study import PublicFile

SECONDS = 60
"""How long a server may stay silent before it counts as absent."""


def fetch(public: PublicFile, folder: Path, name: str, *, mirror: str | None = None) -> Path:
    """Return the path of a public file, fetched when it is not in `folder` or is not what its digest says.

    Parameters
    ----------
    public
        Address, SHA-256 and licence, from `study.yml`.
    folder
        The cache of public files. Each lies in a folder named by its digest, so that a new version never
        takes the place of the one that an earlier edition read.
    name
        The file's name.
    mirror
        Address that stands for the host's: `<mirror>/<host>/<path>`.

    Raises
    ------
    DeliveryError
        The file cannot be fetched, or is not the one declared.
    """
    import pooch
    from requests import RequestException

    address = mirrored(public.url, mirror)
    place = place_of(public, folder, name).parent
    try:
        with _quiet_pooch():
            found = pooch.retrieve(
                address, f"sha256:{public.sha256}", fname=name, path=place,
                downloader=pooch.HTTPDownloader(timeout=SECONDS),
            )  # fmt: skip
    except RequestException as error:
        raise _unreachable(address, error, name) from None
    except ValueError:  # pooch says so of a digest, and leaves nothing behind
        raise DeliveryError(
            "Le fichier public n’est pas celui que l’étude déclare.",
            where=address,
            expected=f"l’empreinte SHA-256 {public.sha256[:12]}…",
            got="un autre contenu",
            hint="le fichier a changé à la source : relisez-le, puis corrigez « public.sha256 » dans study.yml",
        ) from None
    return Path(found)


def place_of(public: PublicFile, folder: Path, name: str) -> Path:
    """Return where a public file lies once it was fetched."""
    return folder / public.sha256[:16] / name


def mirrored(url: str, mirror: str | None) -> str:
    """Return the address from which a file is fetched.

    >>> mirrored("https://www.insee.fr/a/b.csv?v=2", "http://miroir.local/public/")
    'http://miroir.local/public/www.insee.fr/a/b.csv?v=2'
    >>> mirrored("https://www.insee.fr/a/b.csv", None)
    'https://www.insee.fr/a/b.csv'
    """
    if not mirror:
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}{query}"


def _unreachable(address: str, error: Exception, name: str) -> DeliveryError:
    response = getattr(error, "response", None)
    got = f"le serveur répond « {response.status_code} »" if response is not None else "le serveur ne répond pas"
    return DeliveryError(
        "Le fichier public n’a pas pu être téléchargé.",
        where=address,
        expected=f"le fichier « {name} »",
        got=got,
        hint=f"sans réseau, donnez un miroir par la variable {MIRROR_VARIABLE} ; un fichier déjà téléchargé est relu "
        "sans réseau",
    )


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's log, in English and with paths, off the terminal."""
    logger = logging.getLogger("pooch")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
