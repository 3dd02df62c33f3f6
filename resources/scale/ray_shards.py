#!/usr/bin/env python3
"""Runs the shards of one calib job as Ray tasks and merges them.

    python ray_shards.py --count 8 --shards /shared/shards -- calibrate plates.calib --threads 1

Ray repeats the task of a worker that was killed or of a node that was lost; calib keeps shards that are finished, so
that starting the script again computes only what is missing. The project, its images and the folder of shards must be
at the same paths on all nodes. Needs `pip install ray` and calib on every node.
"""
import argparse
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

# Ray reports its use to its makers unless this is 0.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray  # noqa: E402

PR_SET_PDEATHSIG = 1
# calib was stopped by SIGTERM and has stored what it had.
STOPPED = 143


def die_with_parent():
    """On Linux, ends calib if its Ray worker is killed, so that the repeated task does not find the shard in use."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_shard(command, index, count):
    """Computes one shard. Returns its JSON result. Raises RuntimeError with the end of stderr if calib fails."""
    shard = command + ["--shard", f"{index}/{count}", "--json"]
    while True:
        started = time.time()
        done = subprocess.run(shard, capture_output=True, text=True, preexec_fn=die_with_parent)
        if done.returncode != STOPPED:
            break
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(shard)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    return {**result, "index": index, "wallSeconds": time.time() - started, "worker": os.getpid()}


def run_shards(command, args):
    """Runs all shards as Ray tasks. Returns their results in the order in which they end."""
    # Without an address, Ray uses the cluster that it runs in, or else starts one on this machine.
    ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
    task = ray.remote(num_cpus=args.cpus, max_retries=args.retries, retry_exceptions=True)(run_shard)
    waiting = [task.remote(command, index, args.count) for index in range(1, args.count + 1)]
    results = []
    while waiting:
        (finished,), waiting = ray.wait(waiting, num_returns=1)
        result = ray.get(finished)
        results.append(result)
        kept = ", kept" if result.get("kept") else ""
        print(f"shard {result['index']} of {args.count}: {result['wallSeconds']:.1f} s{kept}", file=sys.stderr, flush=True)
    ray.shutdown()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, required=True, help="number of shards")
    parser.add_argument("--shards", required=True, help="folder for the files of shards, the same on all nodes")
    parser.add_argument("--cpus", type=float, default=1, help="cores that Ray reserves for a shard (default: 1)")
    parser.add_argument("--retries", type=int, default=3, help="how often a shard is repeated (default: 3)")
    parser.add_argument("--calib", default="calib", help='the program, with arguments (default: "calib")')
    parser.add_argument("--no-merge", action="store_true", help="leave the shards as they are")
    parser.add_argument("job", nargs="+", help="after --: calibrate, validate, sensitivity or search, PROJECT, options")
    args = parser.parse_args()
    if args.count < 1 or len(args.job) < 2:
        parser.error("expected --count of at least 1, and a command with a project after --")

    program = args.calib.split()
    command = program + args.job + ["--shards", os.path.abspath(args.shards)]
    # Ray reports lost workers on stdout, which is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        results = run_shards(command, args)
    if args.no_merge:
        print(json.dumps(sorted(results, key=lambda result: result["index"])))
        return 0
    kind, project = args.job[:2]
    return subprocess.run(program + ["merge", project, args.shards, "--of", kind, "--json"]).returncode


if __name__ == "__main__":
    sys.exit(main())
