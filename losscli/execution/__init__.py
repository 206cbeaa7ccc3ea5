"""A run: prepare, scan, evaluate; row values, gradients, shards; the engines that do the work.

It uses all packages below the command line but report.
"""
