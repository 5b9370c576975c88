"""Makes the modules beside this file (`interpret`, `run_schedule`) importable from every test.

PoCL keeps what it compiles per user; tests begin without, in a folder that goes with them.
"""

import atexit
import os
import shutil
import tempfile

os.environ["POCL_CACHE_DIR"] = tempfile.mkdtemp(prefix="polyopt-tests-pocl-")
atexit.register(shutil.rmtree, os.environ["POCL_CACHE_DIR"], ignore_errors=True)
