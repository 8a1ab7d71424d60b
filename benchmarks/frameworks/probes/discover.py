"""Tells which of the modules named on the command line are installed, without importing them. One line of JSON.

Arguments: module=package,package ... ; the packages are asked for the version. places.py stands in front of this file,
and both are handed over as text: in a container the files of the agent are not there.
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import stat
import sys


def version_of(packages):
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return ""


def channel():
    """Whether descriptor 3 is the socket that the agent made: a container or a wrapper may have closed it."""
    try:
        return stat.S_ISSOCK(os.fstat(3).st_mode)
    except OSError:
        return False


prefix = add()  # noqa: F821
modules = {}
for argument in sys.argv[1:]:
    module, _, names = argument.partition("=")
    try:
        spec = importlib.util.find_spec(module)
    except Exception:
        spec = None
    # A folder without code is found as a namespace: not installed.
    if spec is not None and spec.origin is not None:
        modules[module] = version_of(names.split(","))
print(json.dumps({"python": platform.python_version(), "prefix": prefix, "channel": channel(), "modules": modules}))
