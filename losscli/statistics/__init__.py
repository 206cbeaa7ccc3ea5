"""From states to numbers: estimates, their uncertainty, comparisons.

It uses aggregate, binding and contract.
"""
