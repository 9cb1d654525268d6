"""The packages; everything else of the project stands in pyproject.toml.

Data sets and cell libraries live beside the code in the repository and inside the package once it
is installed, so that a wheel runs without the repository.
"""

from setuptools import find_packages, setup

DATA = {"printml._datasets": "datasets", "printml._cell_libs": "cell_libs"}

setup(
    packages=[*find_packages(include=["printml", "printml.*"]), *DATA],
    package_dir=DATA,
)
