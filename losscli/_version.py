"""The version of losscli, in a module without imports, so that it can be read cheaply."""

__version__ = "0.1.0"
