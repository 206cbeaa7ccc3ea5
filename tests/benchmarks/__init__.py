"""losscli beside other programs: see run.py.

A package with this file, since old wheels of pyarrow bring a package of the same name, which would win over a folder.
"""
