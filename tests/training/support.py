"""Makes kernels/training importable; a test that needs PyTorch ends here, and says so, without."""

import sys
from pathlib import Path

SKIPPED = 77  # what ctest takes for "skipped"

TRAINING = Path(__file__).resolve().parents[2] / "kernels" / "training"
sys.path.insert(0, str(TRAINING))


def need(*modules):
    """Imports the modules or ends the test program as skipped."""
    for name in modules:
        try:
            __import__(name)
        except (ImportError, OSError) as error:
            print(f"SKIPPED: {name} cannot be imported ({error});")
            print("these tests need what kernels/training/requirements.txt lists")
            sys.exit(SKIPPED)
