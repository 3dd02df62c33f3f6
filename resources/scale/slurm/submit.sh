#!/usr/bin/env bash
# Submits the shards of a calib job as a Slurm array, and a job that merges them when all are finished.
#
#   COUNT=8 submit.sh calibrate plates.calib --threads 4
#   COUNT=8 TASKS=5 submit.sh calibrate plates.calib    # only shard 6 (tasks count from 0)
#
# SBATCH_FLAGS has further flags for the array ("--partition=cpu --cpus-per-task=4 --time=1:00:00"). The project, its images
# and calib (or $CALIB) must be at the same paths on all nodes.
set -euo pipefail
: "${COUNT:?the number of shards}"
here=$(cd "$(dirname "$0")" && pwd)
kind=$1
project=$2
# shellcheck disable=SC2086 # several flags
array=$(sbatch --parsable --array="${TASKS:-0-$((COUNT - 1))}" --export=ALL ${SBATCH_FLAGS:-} "$here/shard.sbatch" "$@")
merge="${CALIB:-calib} merge $(printf %q "$project") --of $kind"
# shellcheck disable=SC2086
joined=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --job-name=calib-merge \
  --output="calib-$array-merge.log" ${SBATCH_FLAGS:-} --wrap "$merge")
echo "$array $joined"
