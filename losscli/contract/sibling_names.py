"""Names by which losses belong together."""

WITH_LOGITS = "_with_logits"
"""How the name of a loss of logits ends; without it, it is the name of the loss of probabilities, if there is one."""

OF_CLASSES = "multiclass_"
"""How the name of a loss of several classes begins, beside that of the loss of two."""
