# SPDX-License-Identifier: MIT
"""Builds the benchmark programs in the build folder."""

import os
import subprocess


class BuildError(Exception):
    """With a message to show."""


def must(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n"
                         f"{done.stdout.decode(errors='replace')[-2000:]}")


def programs(folder):
    ninja = os.path.join(folder, "build.ninja")
    if not os.path.exists(ninja):
        raise BuildError(f"{folder} is not a build folder: run make first")
    with open(ninja, encoding="utf-8") as file:
        if "bench/containers" not in file.read():
            # Configured when there was no C++ compiler yet.
            must("meson", "setup", "--reconfigure", folder)
    must("ninja", "-C", folder, "bench-programs")
