"""What a loss is: its declaration, parameters, kinds of columns, and the validation of calls from Python.

It uses nothing else of ours but the leaves.
"""
