#!/bin/sh
# Pictures of pages for docs/: a run's on a desktop and, in the dark, on a phone, and an exploration's.
# Needs Chromium.
#   scripts/screenshots.sh [RUN [EXPLORATION]]
set -eu
cd "$(dirname "$0")/.."
run=${1:-runs/seeds/tree}
exploration=${2:-runs/explore/seeds}
[ -f "$run/report.html" ] || .venv/bin/printml build seeds --model tree --approx full --out "$run"
[ -f "$exploration/report.html" ] || .venv/bin/printml explore seeds --out "$exploration"
# shoot PICTURE SIZE OPTIONS FOLDER
shoot() {
  page="file://$(realpath "$4")/report.html"
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr \
    --window-size="$2" --screenshot="docs/$1" $3 "$page" 2>"docs/$1.log" || { cat "docs/$1.log" >&2; exit 3; }
  if grep -q ':CONSOLE' "docs/$1.log"; then
    echo "printml: the page writes to the console:" >&2
    grep ':CONSOLE' "docs/$1.log" >&2
    exit 4
  fi
  rm "docs/$1.log"
}
shoot report-desktop.png 1100,1500 "" "$run"
shoot report-phone.png 420,900 "--force-dark-mode" "$run"
shoot explore-desktop.png 1100,1700 "" "$exploration"
