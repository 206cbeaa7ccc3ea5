"""Where results go when they go to a file: whole files or none, and tables of a value or a slope a row."""
