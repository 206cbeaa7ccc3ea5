"""`losscli check --init`: a first configuration, guessed from the columns of a file."""
