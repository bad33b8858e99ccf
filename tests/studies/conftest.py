"""The small experiment and the command line of the tests of commands serve the studies as well."""

from tests.cli.conftest import cli as cli
from tests.cli.conftest import experiment as experiment
