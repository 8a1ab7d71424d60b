"""Tells which of the modules named on the command line are installed, without importing them. One line of JSON.

Arguments: module=package,package ... ; the packages are asked for the version.
"""

import importlib.metadata
import importlib.util
import json
import platform
import sys

# Modules beside this file are probes, not frameworks.
sys.path = sys.path[1:]


def version_of(packages):
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return ""


found = {}
for argument in sys.argv[1:]:
    module, _, packages = argument.partition("=")
    try:
        spec = importlib.util.find_spec(module)
    except Exception:
        spec = None
    # A folder without code is found as a namespace: not installed.
    if spec is not None and spec.origin is not None:
        found[module] = version_of(packages.split(","))
print(json.dumps({"python": platform.python_version(), "prefix": sys.prefix, "modules": found}))
