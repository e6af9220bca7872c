# SPDX-License-Identifier: GPL-2.0-only
"""The VM test bench: scenarios played into a guest, judged from outside."""


class Failure(Exception):
    """What made a scenario fail, for the person who reads the TAP."""
