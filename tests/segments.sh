#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# candor show and candor verify on whole, damaged, foreign and growing segments:
# what they print, and their exit status.
set -u

cd "$(dirname "$0")/.." || exit 1
candor=${CANDOR:-.output/candor}
golden=tests/golden
dir=$(mktemp -d) || exit 1
follow=
trap '[ -z "$follow" ] || kill "$follow"; rm -rf "$dir"' EXIT
export TZ=UTC
failed=0

fail() {
	echo "segments: $1"
	failed=1
}

# verifies STATUS REGEX FILE...: one line on stdout that matches, none on stderr
verifies() {
	local status=$1 regex=$2
	shift 2
	"$candor" verify "$@" >"$dir/out" 2>"$dir/err"
	[ $? = "$status" ] || fail "verify $*: exit status, not $status"
	[ "$(wc -l <"$dir/out")" = 1 ] || fail "verify $*: not one line"
	grep -Eq -- "$regex" "$dir/out" || fail "verify $*: $(cat "$dir/out")"
	[ ! -s "$dir/err" ] || fail "verify $*: $(cat "$dir/err")"
	"$candor" verify --json "$@" >"$dir/out" 2>&1
	[ $? = "$status" ] || fail "verify --json $*: exit status"
	python3 -c 'import json, sys; json.load(sys.stdin)' <"$dir/out" ||
		fail "verify --json $*: no JSON"
}

# wait_for REGEX FILE: until a line of it matches, 10 s at most
wait_for() {
	for _ in $(seq 200); do
		grep -Eq -- "$1" "$2" && return 0
		sleep 0.05
	done
	fail "'$1' never came: $(tail -n 3 "$2")"
	return 1
}

# --- whole ones

verifies 0 ': ok: segment 7, level actions, ' $golden/actions.pb.lz4
verifies 0 ': ok: .*; 2 packets without a row: input5 43-44$' \
	$golden/demonstration.pb.lz4
for name in actions demonstration example; do
	$candor show $golden/$name.pb.lz4 | cmp - $golden/$name.txt ||
		fail "show $name"
	$candor show --json $golden/$name.pb.lz4 | cmp - $golden/$name.json ||
		fail "show --json $name"
	$candor show --count $golden/$name.pb.lz4 | cmp - $golden/$name.count ||
		fail "show --count $name"
done
$candor show $golden/actions.pb.lz4 | grep -q 'text run, 8 to 15 keys' ||
	fail 'a text run is not shown as one'

if command -v protoc >/dev/null && command -v lz4 >/dev/null; then
	lz4 -dc $golden/demonstration.pb.lz4 |
		protoc --decode=candor.v1.Segment proto/candor.proto |
		grep -q 'level: LEVEL_DEMONSTRATION' ||
		fail 'stock tools cannot read a segment'
fi

# --- bad ones

whole=$golden/actions.pb.lz4
size=$(stat -c %s $whole)
head -c $((size / 2)) $whole >"$dir/truncated"
verifies 1 ': byte [0-9]+: it is cut off here$' "$dir/truncated"
cp $whole "$dir/flipped"
printf '\377' | dd of="$dir/flipped" bs=1 seek=$((size / 2)) conv=notrunc status=none
verifies 1 ': byte 7: a block is damaged' "$dir/flipped"
: >"$dir/empty"
verifies 1 ': byte 0: it is empty$' "$dir/empty"
printf '\211PNG\r\n\032\n\0\0\0\rIHDR' >"$dir/image.png"
verifies 1 ': byte 0: it is not an LZ4 file$' "$dir/image.png"
gzip -c $whole >"$dir/foreign.gz"
verifies 1 ': byte 0: it is not an LZ4 file$' "$dir/foreign.gz"
printf '\004\042\115\030\174\100\0\0\0\0\1\0\0\0\0' >"$dir/4g"
verifies 1 ': byte 0: it claims more than 64 MiB$' "$dir/4g"
for bad in truncated flipped empty image.png foreign.gz 4g; do
	(ulimit -v 300000 && $candor show "$dir/$bad") >/dev/null 2>"$dir/err"
	[ $? = 1 ] || fail "show $bad: exit status, not 1"
	[ "$(wc -l <"$dir/err")" = 1 ] || fail "show $bad: not one line"
done
$candor verify "$dir/none" >"$dir/out" 2>"$dir/err"
[ $? = 1 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] ||
	fail 'verify of a missing file'
$candor verify $whole "$dir/empty" $whole >"$dir/out"
[ $? = 1 ] && [ "$(grep -c ': ok: ' "$dir/out")" = 2 ] ||
	fail 'verify stops at a bad file'
$candor show --spool >/dev/null 2>&1
[ $? = 2 ] || fail 'show --spool without a folder: exit status, not 2'

cp "$dir/empty" "$dir/"$'a\nb: ok: \033[1mx'
verifies 1 'a.b: ok: .\[1mx: byte 0: it is empty$' "$dir/"$'a\nb: ok: \033[1mx'
$candor show "$dir/"$'a\nb: ok: \033[1mx' 2>"$dir/err"
[ "$(wc -l <"$dir/err")" = 1 ] && ! grep -q $'\033' "$dir/err" ||
	fail 'a name makes lines or steers the terminal'
chmod 755 "$dir"
if setpriv --reuid 65534 --clear-groups "$candor" --version >/dev/null 2>&1; then
	install -m 0 $whole "$dir/theirs"
	for verb in show verify; do
		setpriv --reuid 65534 --clear-groups \
			"$candor" $verb "$dir/theirs" >/dev/null 2>&1
		[ $? = 4 ] || fail "$verb of a file not permitted: not 4"
	done
fi

# --- a folder

mkdir "$dir/spool"
export CANDOR_SPOOL=$dir/spool
$candor verify >"$dir/out" 2>"$dir/err"
[ $? = 0 ] && grep -q 'no sealed segment' "$dir/err" ||
	fail 'verify of an empty spool'
cp $golden/demonstration.pb.lz4 "$dir/spool/10-b0071d33.pb.lz4"
cp $golden/actions.pb.lz4 "$dir/spool/7-b0071d33.pb.lz4"
$candor verify >"$dir/out" 2>"$dir/err"
[ $? = 0 ] && [ "$(cut -d: -f1 "$dir/out" | xargs -n1 basename | xargs)" = \
	'7-b0071d33.pb.lz4 10-b0071d33.pb.lz4' ] ||
	fail 'a spool is not verified by number'
grep -q 'segments 8 to 9 are not here' "$dir/err" ||
	fail 'missing segments are not named'
$candor show | cmp - <(cat $golden/actions.txt $golden/demonstration.txt) ||
	fail 'a spool is not shown by number'

# --- as it grows: sealed ones, then a part that grows and gets its name

$candor show --follow --json >"$dir/out" 2>"$dir/err" &
follow=$!
wait_for '"kind":"trailer".*"device":7' "$dir/out"
part=$dir/spool/11-b0071d33.part
size=$(stat -c %s $golden/example.pb.lz4)
head -c 100 $golden/example.pb.lz4 >"$part"
tail -c +101 $golden/example.pb.lz4 | head -c $((size - 108)) >>"$part"
wait_for '"seq":42,"values":\[\{"type":1,"code":30,"value":0' "$dir/out"
tail -c 8 $golden/example.pb.lz4 >>"$part"
mv "$part" "${part%.part}.pb.lz4"
cp $golden/actions.pb.lz4 "$dir/spool/.12"
mv "$dir/spool/.12" "$dir/spool/12-b0071d33.pb.lz4"
cat $golden/{actions,demonstration,example,actions}.json >"$dir/want"
for _ in $(seq 200); do
	cmp -s "$dir/out" "$dir/want" && break
	sleep 0.05
done
kill -INT $follow
wait $follow || fail "show --follow: exit status $? after SIGINT"
follow=
cmp "$dir/out" "$dir/want" || fail 'show --follow'
[ ! -s "$dir/err" ] || fail "show --follow: $(cat "$dir/err")"

# --- names in the folder that hold no segment are passed over

mkdir "$dir/odd" "$dir/odd/1-00000000.pb.lz4"
ln -s nowhere "$dir/odd/2-00000000.pb.lz4"
mkfifo "$dir/odd/3-00000000.part"
cp $whole "$dir/odd/4-00000000.pb.lz4"
cp $whole "$dir/odd/18446744073709551615-00000000.pb.lz4"
$candor show --follow --json --spool "$dir/odd" >"$dir/out" 2>"$dir/err" &
follow=$!
wait_for '"kind":"trailer"' "$dir/out"
kill -TERM $follow
timeout 10 tail --pid=$follow -f /dev/null || kill -KILL $follow
wait $follow || fail 'show --follow of an odd folder does not end'
follow=
cmp "$dir/out" $golden/actions.json || fail 'show --follow of an odd folder'
[ "$(grep -c 'passed over$' "$dir/err")" = 3 ] ||
	fail "show --follow of an odd folder: $(cat "$dir/err")"
exit $failed
