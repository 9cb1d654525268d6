#!/bin/sh
# Pictures of a run's page for docs/: desktop, and phone in the dark. Needs Chromium.
#   scripts/screenshots.sh [RUN]
set -eu
cd "$(dirname "$0")/.."
run=${1:-runs/seeds/tree}
[ -f "$run/report.html" ] || .venv/bin/printml build seeds --model tree --approx full --out "$run"
page="file://$(realpath "$run")/report.html"
shoot() {
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr \
    --window-size="$2" --screenshot="docs/$1" $3 "$page" 2>"docs/$1.log" || { cat "docs/$1.log" >&2; exit 3; }
  if grep -q ':CONSOLE' "docs/$1.log"; then
    echo "printml: the page writes to the console:" >&2
    grep ':CONSOLE' "docs/$1.log" >&2
    exit 4
  fi
  rm "docs/$1.log"
}
shoot report-desktop.png 1100,1500 ""
shoot report-phone.png 420,900 "--force-dark-mode"
