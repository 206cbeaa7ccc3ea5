"""Saved reports and saved row values, and what in them belongs to this run.

It uses aggregate, binding, io and contract.
"""
