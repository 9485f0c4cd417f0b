"""A plugin of Nuitka: the executable gets the static Python that is made for executables.

Debian has two: one for shared libraries too, which Nuitka takes by itself, and one that is as fast as
Debian's own `python3`. The other costs every request a fifth more. That one stands at fixed addresses,
as Debian's `python3` does: the executable is linked with `-no-pie`.
"""

from __future__ import annotations

import os

from nuitka.plugins.PluginBase import NuitkaPluginBase
from nuitka.utils import StaticLibraries

VARIABLE = "POCKETBASE_LIBPYTHON"
"""Names the library."""

StaticLibraries._static_lib_python_path = os.environ[VARIABLE]


class Interpreter(NuitkaPluginBase):
    """Does nothing but be there: Nuitka wants a class in a plugin's file."""

    plugin_name = "interpreter"
    plugin_desc = "Take the static Python that is made for executables."
