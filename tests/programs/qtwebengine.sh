#!/bin/bash
# SPDX-License-Identifier: MIT
# A browser's engine on the library: Qt's build of Chromium's takes malloc from
# the process, for the page, its scripts and its pictures alike.
set -euo pipefail
. "$PROGRAMS/common.sh"

export QTWEBENGINE_DISABLE_SANDBOX=1 QT_QPA_PLATFORM=offscreen
export QTWEBENGINE_CHROMIUM_FLAGS="--disable-gpu --disable-dev-shm-usage"

/usr/bin/python3 "$PROGRAMS/qtwebengine.py" "$PROGRAMS/page.html" \
	>dom.html 2>engine.log &
browser=$!
found=$(kinds $browser)
wait $browser
for kind in browser zygote "child of zygote"; do
	grep -x "$kind" <<<"$found"
done
sed '/<script/,/<\/script/d' dom.html
