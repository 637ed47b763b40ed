"""Benchmarks: each figure beside a baseline from the same minute. Linux only, since CPU and memory come from /proc."""
