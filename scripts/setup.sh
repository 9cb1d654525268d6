#!/bin/sh
# Make .venv with the locked packages and see to Icarus Verilog. Called by the Makefile.
set -eu
cd "$(dirname "$0")/.."

find_python() {
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "printml: Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2
  exit 3
}

python=$(find_python)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "printml: $python has no venv; install it with: sudo apt-get install python3-venv" >&2
  exit 3
fi

if ! command -v iverilog >/dev/null 2>&1; then
  install="apt-get install -y --no-install-recommends iverilog"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && $install
  elif command -v apt-get >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo apt-get update -qq && sudo $install
  else
    echo "printml: Icarus Verilog is missing and cannot be installed without rights." >&2
    echo "         Run: sudo $install" >&2
    exit 3
  fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
.venv/bin/printml doctor
touch .venv/.ready
