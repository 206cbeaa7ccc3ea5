"""losscli: score files of predictions and targets with the right loss, exactly."""

__version__ = "0.1.0"
