"""Benchmarks: each figure beside a baseline that ran in the same minute. Linux only, since CPU and memory come from its /proc."""
