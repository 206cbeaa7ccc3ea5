"""States that merge exactly: sums, slices, batches, cross products, unit statistics.

It uses binding, contract and the Arrow arrays of io.
"""
