"""Is a result within its limits: the grammar of gates, and their verdicts.

It uses binding and contract.
"""
