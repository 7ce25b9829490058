#!/bin/bash
# SPDX-License-Identifier: MIT
# A headless browser loads a page and prints its document. Chromium brings a
# malloc of its own, which goes before any preload: here both live in one
# process, and the library must keep out of the way. (The row qtwebengine runs
# the same engine on the library.)
set -euo pipefail
. "$PROGRAMS/common.sh"

chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
	--disable-background-networking --disable-component-update \
	--disable-sync --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
	--virtual-time-budget=20000 --dump-dom "file://$PROGRAMS/page.html" \
	>dom.html 2>chromium.log &
browser=$!

found=$(kinds $browser)
wait $browser
for kind in browser zygote "child of zygote"; do
	grep -x "$kind" <<<"$found"
done
sed '/<script/,/<\/script/d' dom.html
