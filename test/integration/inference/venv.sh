#!/bin/bash
# Makes .cache/inference: a virtual environment with the packages that judge our ONNX models and our scenarios from
# outside. Nothing afterwards; where it cannot be had, the tests that need it are skipped.
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit 70
wanted='onnx==1.23.2 onnxruntime==1.31.1 mlcommons-loadgen==6.0.17'
home=.cache/inference
[ "$(cat "$home/installed" 2>/dev/null)" = "$wanted" ] && exit 0
rm -rf "$home"
mkdir -p .cache
# shellcheck disable=SC2086 # the words are separate packages
"${PYTHON:-python3}" -m venv "$home" && "$home/bin/pip" install --quiet --no-input --disable-pip-version-check $wanted &&
  echo "$wanted" >"$home/installed"
