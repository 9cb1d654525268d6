"""printml: from a table of sensor readings to a verified printed circuit."""

from importlib.metadata import version

__version__ = version("printml")
