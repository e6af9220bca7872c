#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# I10: the published field list is the schema's, and a field without purpose,
# level or retention fails. Prints TAP.

set -u
cd "$(dirname "$0")/.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
n=0

ok() { # STATUS TITLE
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# A copy of the schema, broken by SED, must be refused by one line with WORD.
refused() { # SED WORD TITLE
	sed "$1" proto/candor.proto >"$dir/broken.proto"
	if cmp -s proto/candor.proto "$dir/broken.proto"; then
		ok 1 "$3 (the schema was not changed)"
		return
	fi
	scripts/fields "$dir/broken.proto" >"$dir/out" 2>"$dir/err"
	[ $? -eq 1 ] && [ ! -s "$dir/out" ] &&
		[ "$(wc -l <"$dir/err")" -eq 1 ] && grep -q "$2" "$dir/err"
	ok $? "$3"
}

echo 1..9
scripts/fields proto/candor.proto >"$dir/fields.md"
ok $? "I10: every field has purpose, level and retention"
cmp -s "$dir/fields.md" docs/FIELDS.md
ok $? "I10: docs/FIELDS.md is what the schema says"
[ "$(grep -c '^| [0-9]' docs/FIELDS.md)" -eq \
	"$(grep -c '^  .* = [0-9]*\( \[packed = true\]\)\?;$' proto/candor.proto |
	awk '{ print $1 - enums }' enums="$(sed -n '/^enum/,/^}/p' \
		proto/candor.proto | grep -c ' = ')")" ]
ok $? "I10: no field is missing from the list"
refused '/kernel.s boot id/s/purpose/because/' Header.boot \
	"I10: a field without purpose is refused by its name"
refused 's/^  \/\/ purpose: the values; level: demonstration;/  \/\/ purpose: the values;/' \
	Packets.value "I10: a field without level is refused by its name"
refused '/purpose: how many packets/s/retention: segment//' Lost.packets \
	"I10: a field without retention is refused by its name"
refused '/^message Lost/a\  uint64 secret = 9;' Lost.secret \
	"I10: a field without a comment is refused by its name"
refused '/purpose: how many packets/s/level: all/level: some/' Lost.packets \
	"I10: an unknown level is refused"
refused '/^message Lost/a\  oneof x { uint64 secret = 9; }' secret \
	"I10: a field that cannot be read is refused"
exit $failed
