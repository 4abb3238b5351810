#!/bin/sh
# Looks at the media of one part: tasks/PART to verdicts/PART, whole or not at all. A part that is done is left alone.
set -eu
part=$1
worker=${DAILIES_WORKER:-dailies worker --workers 1}
mkdir -p verdicts
[ -e "verdicts/$part" ] && exit 0
unfinished="verdicts/.$part.$$"
trap 'rm -f "$unfinished"' EXIT
$worker <"tasks/$part" >"$unfinished"
mv "$unfinished" "verdicts/$part"
