"""Gates, which are limits on the numbers of a run: their grammar, and their verdicts.

It uses binding and contract.
"""
