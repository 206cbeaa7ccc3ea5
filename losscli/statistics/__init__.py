"""From sums to numbers: estimates, their standard errors and confidence intervals, comparisons of models.

`estimates` makes the numbers of a report; `uncertainty` adds what a run requests beside them.

It uses aggregate, binding and contract.
"""
