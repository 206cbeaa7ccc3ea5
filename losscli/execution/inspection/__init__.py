"""What a file holds: its columns, the roles that they can play, the losses that fit them, and what looks wrong.

`inspect` shows it, and `check --init` writes a configuration of it. No loss is known here by name.
"""
