#!/bin/bash
# SPDX-License-Identifier: MIT
# A generated repository of many commits: import, commit, merge, clone over
# the protocol, repack with threads, verify.
set -euo pipefail

export GIT_AUTHOR_NAME=Builder GIT_AUTHOR_EMAIL=builder@ashlar.invalid
export GIT_COMMITTER_NAME=Builder GIT_COMMITTER_EMAIL=builder@ashlar.invalid
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
export GIT_CONFIG_NOSYSTEM=1
git config --global init.defaultBranch main
git config --global pack.threads 2
git config --global gc.autoDetach false
git config --global advice.detachedHead false

git init -q origin
perl "$PROGRAMS/git.pl" 150 400 | git -C origin fast-import --quiet
cd origin
git reset -q --hard main
git log --format=%H | cksum
git rev-parse HEAD

for n in 1 2 3 4 5; do
	git checkout -q -b "side$n" "HEAD~$n"
	seq "$n" 5000 >"grown$n"
	git add .
	git commit -q -m "side $n"
	git checkout -q main
	git merge -q --no-edit "side$n" >/dev/null
done
git rev-parse HEAD
git gc -q --aggressive --prune=now
git fsck --full --strict --no-progress
git count-objects -v | grep -E '^(count|in-pack|packs|garbage)'

cd ..
git clone -q --no-local "file://$PWD/origin" copy
cd copy
git rev-parse HEAD
git log --stat --format=%s | cksum
git log -p --format= -- 'dir1/*' | cksum
git blame -s dir1/file1 | cksum
git grep -c 'line 7' | cksum
git archive HEAD | tar -tf - | cksum
git checkout -q -b work HEAD~30
git cherry-pick origin/side3 >/dev/null
git rev-parse 'HEAD^{tree}'
git bundle create -q ../all.bundle --all
git bundle verify -q ../all.bundle
git fsck --full --no-progress
