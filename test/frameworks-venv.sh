#!/bin/bash
# Makes .cache/frameworks: virtual environments with the frameworks that Debian does not have, for the tests of
# frameworks.train. Takes some gigabytes and minutes the first time and nothing afterwards; a set that cannot be had is
# named and left out, and its tests are skipped. PyTorch is Debian's python3-torch.
# Usage: test/frameworks-venv.sh [set ...]   with sets out of: tensorflow paddlepaddle jax mindspore (default: all)
set -uo pipefail
cd "$(dirname "$0")/.." || exit 70

# Exact versions: what the probes were tried with. Keras comes with TensorFlow.
declare -A pinned=(
  [tensorflow]='tensorflow-cpu==2.21.0 keras==3.15.1'
  [paddlepaddle]='paddlepaddle==3.3.1'
  [jax]='jax==0.10.2 jaxlib==0.10.2'
  [mindspore]='mindspore==2.10.0'
)
sets=("$@")
[ "${#sets[@]}" -gt 0 ] || sets=(tensorflow paddlepaddle jax mindspore)

python=${PYTHON:-/usr/bin/python3}
folder=.cache/frameworks
mkdir -p "$folder" || exit 70
status=0
for set in "${sets[@]}"; do
  wanted=${pinned[$set]:-}
  if [ -z "$wanted" ]; then
    echo "there is no set $set" >&2
    exit 64
  fi
  home="$folder/$set"
  # The mark is written last: an installation that was cut short is done again.
  if [ "$(cat "$home/installed" 2>/dev/null)" = "$wanted" ]; then
    echo "$set: there"
    continue
  fi
  rm -rf "$home"
  echo "$set: installing $wanted"
  # shellcheck disable=SC2086 # the words are separate packages
  if "$python" -m venv "$home" && "$home/bin/pip" install --quiet --no-input --disable-pip-version-check $wanted >"$folder/$set.log" 2>&1; then
    echo "$wanted" >"$home/installed"
  else
    echo "$set: could not be installed, see $folder/$set.log" >&2
    rm -rf "$home"
    status=1
  fi
done
exit "$status"
