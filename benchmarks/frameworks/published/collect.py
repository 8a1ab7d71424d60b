"""Makes builds.json: which file is the engine of a framework in the packages that were published, by SHA-256 and size.

  python3 collect.py > builds.json        needs pip 23 or newer, npm, apt-get and dpkg-deb; takes some minutes

Wheels are not downloaded: pip's own reader of remote archives fetches the table of contents and the RECORD in which the
wheel lists its files with their digests (PEP 376, PEP 427). npm's and Debian's packages are small and read whole.
The newest patch of the last minor versions is taken, for Linux on x86_64 and aarch64, in every build for CPython.
"""

import base64
import datetime
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands.download import DownloadCommand
from pip._internal.network.lazy_wheel import LazyZipOverHTTP

# Package, engine, name of the file that is the engine, how many minor versions back.
WHEELS = (
    ("torch", "torch", ("libtorch_cpu.so",), 16),
    ("tensorflow", "tensorflow", ("libtensorflow_cc.so.2",), 8),
    ("tensorflow-cpu", "tensorflow", ("libtensorflow_cc.so.2",), 8),
    ("paddlepaddle", "paddle", ("libpaddle.so",), 5),
    ("paddlepaddle-gpu", "paddle", ("libpaddle.so",), 2),
    ("jaxlib", "jax", ("libjax_common.so", "xla_extension.so"), 9),
    ("mindspore", "mindspore", ("libmindspore_core.so",), 5),
)
# Package, version, engine, path in the package.
NPM = (("onnxruntime-node", "1.30.0", "onnxruntime", "package/bin/napi-v6/linux/*/libonnxruntime.so.1"),)
# Package, engine, path in the package; in the release that this machine runs.
DEBIAN = (("libtorch1.13", "torch", "usr/lib/*/libtorch_cpu.so.*.*.*"),)

PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def platforms(machine):
    names = ["linux", "manylinux1", "manylinux2010", "manylinux2014"] + ["manylinux_2_%d" % n for n in range(5, 42)]
    return ["%s_%s" % (name, machine) for name in names]


def wheels(package, minors):
    """Links of all wheels that are wanted, with a session to read them by."""
    candidates = {}
    for machine in ("x86_64", "aarch64"):
        for python in PYTHONS:
            words = ["--no-deps", "--only-binary=:all:", "--implementation=cp", "--python-version=" + python]
            digits = python.replace(".", "")
            words += ["--abi=" + abi for abi in ("cp" + digits, "abi3", "none")]
            words += ["--platform=" + platform for platform in platforms(machine)] + [package]
            command = DownloadCommand("download", "")
            options, _ = command.parse_args(words)
            with command.main_context():
                session = command.get_default_session(options)
                target = make_target_python(options)
                finder = command._build_package_finder(options=options, session=session, target_python=target)
                for one in finder.find_all_candidates(package):
                    if one.link.is_wheel and not one.version.is_prerelease and not one.link.is_yanked:
                        candidates[one.link.filename] = (one.version, one.link.url_without_fragment, session)
    newest = {}
    for version, _, _ in candidates.values():
        newest[version.release[:2]] = max(version, newest.get(version.release[:2], version))
    wanted = {newest[minor] for minor in sorted(newest)[-minors:]}
    return [(str(v), name, url, s) for name, (v, url, s) in sorted(candidates.items()) if v in wanted]


def of_wheels(package, names, minors):
    for version, wheel, url, session in wheels(package, minors):
        archive = zipfile.ZipFile(LazyZipOverHTTP(url, session))
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        for line in archive.read(record).decode("utf-8").splitlines():
            path, digest, size = line.rsplit(",", 2)
            if path.rsplit("/", 1)[-1] in names and digest.startswith("sha256="):
                sha256 = base64.urlsafe_b64decode(digest[7:] + "=").hex()
                # name-version-python-abi-platform.whl, PEP 427
                yield version, wheel[: -len(".whl")].split("-", 2)[2], path, int(size), sha256


def of_files(folder, pattern, version, tag):
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        if not os.path.islink(path):
            with open(path, "rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            yield version, tag(path), os.path.relpath(path, folder), os.path.getsize(path), sha256


def of_npm(package, version, pattern):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", "%s@%s" % (package, version)], cwd=folder, check=True, stdout=2)
        subprocess.run(["tar", "-xzf", glob.glob(folder + "/*.tgz")[0]], cwd=folder, check=True)
        yield from of_files(folder, pattern, version, lambda path: "linux-" + path.split("/")[-2])


def of_debian(package, pattern):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, check=True, stdout=2)
        archive = glob.glob(folder + "/*.deb")[0]
        fields = ["dpkg-deb", "-f", archive, "Version"]
        version = subprocess.run(fields, check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
        yield from of_files(folder, pattern, version, lambda path: "debian-" + path.split("/")[-2].split("-")[0])


def section(registry, package, engine, found):
    builds = {}
    files = set()
    for version, tag, path, size, sha256 in found:
        # Equal files in several wheels are one build: the first name stands for all.
        builds.setdefault(sha256, "%s %s %s %d" % (version, tag, path, size))
        files.add(path)
    print("%s: %d builds of %s" % (package, len(builds), ", ".join(sorted(files))), file=sys.stderr)
    return {"registry": registry, "package": package, "engine": engine, "builds": builds}


def main():
    packages = [section("PyPI", p, engine, of_wheels(p, names, minors)) for p, engine, names, minors in WHEELS]
    packages += [section("npm", p, engine, of_npm(p, version, pattern)) for p, version, engine, pattern in NPM]
    packages += [section("Debian", p, engine, of_debian(p, pattern)) for p, engine, pattern in DEBIAN]
    taken = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    json.dump({"taken": taken, "packages": packages}, sys.stdout, indent=2)
    print()


main()
