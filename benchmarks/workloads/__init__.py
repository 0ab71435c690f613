"""What is measured, a module each: `TASK`, `work` in GFLOP, and `VARIANTS`, which make a step of a case."""
