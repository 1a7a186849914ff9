"""What the engine runs: the program of one stack, named ENVIRONMENT.LAYER."""

import sys
from pathlib import Path

import pulumi

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    # The stacks beside this file, whatever other checkout the Python environment may have been installed from.
    sys.path.insert(0, str(HERE.parent))
    from stacks.program import run

    run(pulumi.get_stack(), HERE)
