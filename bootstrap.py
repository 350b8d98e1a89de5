"""Make the project's own Python environment, .venv, from requirements.lock: `make` calls it, and so may you.

It runs on a bare Python, even one too old for the project, so that it can say so: nothing newer than
Python 3.6 is written here. The stamp .venv/.etabli is written last: an installation cut short is begun again.
"""

import importlib.util
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
INPUTS = ("requirements.lock", "pyproject.toml")
OLDEST = (3, 11)
STAMP = ".etabli"


def complaint(version, has_module):
    """Return what keeps this Python from making the environment, in French; None when nothing does."""
    wanted = ".".join(str(part) for part in OLDEST)
    if tuple(version[:2]) < OLDEST:
        return (
            "Il faut Python {} ou plus récent ; celui-ci est Python {}.\n"
            "  conseil : donnez-en un autre, par exemple « make PYTHON=python3.12 »"
            " (Windows : « py -3.12 bootstrap.py »)"
        ).format(wanted, ".".join(str(part) for part in version[:2]))
    missing = [name for name in ("venv", "ensurepip") if not has_module(name)]
    if missing:
        return (
            "Ce Python ne sait pas créer d’environnement : il lui manque {}.\n"
            "  conseil : sous Debian ou Ubuntu, « sudo apt-get install python3-venv » ; "
            "ailleurs, installez Python depuis python.org"
        ).format(" et ".join(missing))
    return None


def has_module(name):
    return importlib.util.find_spec(name) is not None


def python_of(root):
    """Return the path of the environment's own Python."""
    place = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(root, ".venv", *place)


def is_current(root):
    """Return whether the environment is whole, and newer than what it is made from."""
    stamp = os.path.join(root, ".venv", STAMP)
    if not (os.path.exists(stamp) and os.path.exists(python_of(root))):
        return False
    made = os.path.getmtime(stamp)
    return all(os.path.getmtime(os.path.join(root, name)) <= made for name in INPUTS)


def steps(root, python):
    """Return the commands that make the environment: an empty one, the locked packages, the project itself."""
    # twice quiet: errors alone; pip's warnings speak of a machine's own settings, in English
    install = [python_of(root), "-m", "pip", "install", "--disable-pip-version-check", "-qq", "--no-deps"]
    return [
        ("Création de l’environnement .venv", [python, "-m", "venv", "--clear", os.path.join(root, ".venv")]),
        (
            "Installation des paquets de requirements.lock (quelques minutes)",
            [*install, "--require-hashes", "-r", os.path.join(root, "requirements.lock")],
        ),
        ("Installation d’etabli", [*install, "--no-build-isolation", "-e", root]),
    ]


def say(text):
    """Print, whatever the console's encoding."""
    encoding = sys.stderr.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), file=sys.stderr)
    sys.stderr.flush()


def make(root, python, call=subprocess.call):
    """Make the environment, and return an exit status; the stamp is there only when all went well."""
    stamp = os.path.join(root, ".venv", STAMP)
    if os.path.exists(stamp):
        os.remove(stamp)
    for title, command in steps(root, python):
        say(title + "…")
        status = call(command)
        if status != 0:
            say("L’installation s’est arrêtée : voyez le message ci-dessus, puis relancez la même commande.")
            return status
    with open(stamp, "w"):
        pass
    return 0


def main():
    problem = complaint(sys.version_info, has_module)
    if problem is not None:
        say(problem)
        return 1
    if is_current(ROOT):
        say("L’environnement .venv est à jour.")
        return 0
    try:
        # the Python that .venv itself comes from: an environment cannot empty itself while it runs
        return make(ROOT, getattr(sys, "_base_executable", None) or sys.executable)
    except KeyboardInterrupt:
        say("Interrompu : relancez la même commande, tout sera repris.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
