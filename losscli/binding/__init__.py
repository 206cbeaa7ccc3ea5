"""What a caller asks, as values, and which column plays which role; whether the values may; `--where` in expressions.

It uses io, losses and contract.
"""
