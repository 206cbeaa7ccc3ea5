"""What pictures are made of, added up in the pass over the data: bounded in memory, and the same however rows were cut.

A run keeps it only where a report shows pictures. Which diagnostics apply follows from the declarations of the losses.
"""
