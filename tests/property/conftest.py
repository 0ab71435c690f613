"""Hypothesis on machines that do other things, too."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: a busy machine is no bug. In CI the same examples each time: a new one is for a developer to find.
settings.register_profile("shared machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("shared machine")
