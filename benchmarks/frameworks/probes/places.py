"""Where an interpreter's packages lie, found without running anything that lies there.

Probes run under `python -I -S`: no variable of the environment, no folder of the user, no sitecustomize or
usercustomize, no line of code in a .pth file. What `site` does besides is done here: the folders of packages are
appended to the path, those of a virtual environment first, and the folders that .pth files name.
"""

import os
import site
import sys


def environment():
    """Folder of the virtual environment that runs, and whether it sees the packages of its base; else None, True."""
    binaries = os.path.dirname(os.path.abspath(sys.executable or "python3"))
    for folder in (os.path.dirname(binaries), binaries):
        try:
            with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8") as file:
                pairs = [line.partition("=") for line in file]
        except OSError:
            continue
        settings = {key.strip().lower(): value.strip().lower() for key, _, value in pairs}
        return folder, settings.get("include-system-site-packages") == "true"
    return None, True


def named_in(folder):
    """Folders that the .pth files of a folder name. Lines that are code are left out."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pth") and not name.startswith("."):
            try:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    lines = file.read(1 << 20).splitlines()
            except OSError:
                continue
            found += [line.strip() for line in lines if line.strip() and not line.startswith(("#", "import ", "import\t"))]
    return [os.path.abspath(os.path.join(folder, line)) for line in found]


def add():
    """Appends the folders of packages to the path and gives the folder that the interpreter is installed in."""
    home, base_too = environment()
    folders = site.getsitepackages([sys.base_prefix, sys.base_exec_prefix]) if base_too else []
    if home is not None:
        sys.prefix = sys.exec_prefix = home
        folders = site.getsitepackages([home]) + folders
    for folder in folders:
        if os.path.isdir(folder):
            for path in [folder] + named_in(folder):
                if os.path.isdir(path) and path not in sys.path:
                    sys.path.append(path)
    return sys.prefix
