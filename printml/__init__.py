"""printml: from a table of sensor readings to a verified printed circuit."""

from importlib.metadata import version

from printml.blas import pin_kernel

pin_kernel()

__version__ = version("printml")
