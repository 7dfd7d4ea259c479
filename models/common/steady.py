"""One thread everywhere, so that the same machine gives the same bytes; and memory kept by the allocator, which saves time."""
import os
import sys

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
               "MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_TOP_PAD_": "100000000",
               "MALLOC_MMAP_THRESHOLD_": "1000000000"}


def steady():
    """Starts this program again with ENVIRONMENT, unless it is set already."""
    if any(os.environ.get(k) != v for k, v in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})
