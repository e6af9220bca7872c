#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What candor says to wrong usage: one line, the right exit status, no output.
# Here no module is needed; scenarios in tests/vm show the verbs at work.
set -u

cd "$(dirname "$0")/.." || exit 1
candor=.output/candor
err=$(mktemp)
trap 'rm -f "$err"' EXIT
failed=0

fail() {
	echo "cli: $1"
	failed=1
}

# refused STATUS ARGUMENTS...
refused() {
	want=$1
	shift
	out=$($candor "$@" 2>"$err" </dev/null)
	got=$?
	test $got = "$want" || fail "candor $*: exit $got, not $want"
	test -z "$out" || fail "candor $*: wrote to stdout"
	test "$(wc -l <"$err")" = 1 || fail "candor $*: not one line"
	grep -q '^candor' "$err" || fail "candor $*: does not say who"
}

refused 2
refused 2 frobnicate
refused 2 status now
refused 2 status --frobnicate
refused 2 pause 1m 2m
refused 2 pause --forever
refused 2 resume now
refused 2 shield
refused 2 shield --
refused 2 shield true
refused 2 demonstrate
refused 2 demonstrate 0
refused 2 demonstrate -1
refused 2 demonstrate abc
refused 2 demonstrate 1000000000000000000000000000000
refused 2 demonstrate 1m 2m
test -e /run/candor/control || refused 75 demonstrate 1m
if ! test -e /dev/candor; then
	for verb in status pause resume; do
		refused 5 $verb
	done
	refused 5 shield -- true
fi

for verb in $($candor --help | sed -n 's/^  candor \([a-z]*\) .*/\1/p'); do
	$candor "$verb" --help | grep -q "candor $verb" ||
		fail "candor $verb --help: no help"
done
$candor --version | grep -qx 'candor [0-9.]*' || fail 'no version'
$candor --help >/dev/full 2>"$err" && fail 'a full disk went unnoticed'
exit $failed
