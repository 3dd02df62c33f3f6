#!/usr/bin/env bash
# Computes one shard and keeps its files in a store that this machine does not mount, such as S3.
#
#   SHARD=3/8 STORE=s3://bucket/plates COPY="aws s3 cp --only-show-errors" store-shard.sh calibrate plates.calib
#
# COPY is called with a source and a destination; a source that does not exist is no error here. Any command of that form
# will do: "gcloud storage cp", "rclone copyto", "cp". The content of a shard is uploaded before its marker (.json): who
# reads the store takes only what its marker fits. To merge, copy the whole store into a folder and name it:
#
#   aws s3 cp --recursive s3://bucket/plates shards && calib merge plates.calib shards
set -uo pipefail
: "${SHARD:?the shard as I/N}" "${STORE:?the address of the store}" "${COPY:?the command that copies}"
calib=${CALIB:-calib}
name=$1-${SHARD/\//-of-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fetch() { $COPY "$STORE/$1" "$folder/$1" >/dev/null 2>&1; }

# What exists: a finished shard, which calib keeps, or one that was stopped, which calib continues.
for file in "$name.shard" "$name.partial"; do
  fetch "$file.json" && fetch "$file" && break
done

$calib "$@" --shard "$SHARD" --shards "$folder" &
process=$!
# The signal goes on to calib, which stores what it has.
trap 'kill -TERM "$process" 2>/dev/null' TERM INT
wait "$process"
status=$?
while kill -0 "$process" 2>/dev/null; do
  wait "$process"
  status=$?
done

for file in "$name.shard" "$name.partial"; do
  [ -f "$folder/$file.json" ] || continue
  { $COPY "$folder/$file" "$STORE/$file" && $COPY "$folder/$file.json" "$STORE/$file.json"; } >/dev/null || exit 1
done
exit "$status"
