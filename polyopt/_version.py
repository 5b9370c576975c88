"""The version, for the package, the cache key and the command line."""

__version__ = "0.1.0"
