"""How fast the library is, how near the machine's limit, and beside which others: `python -m benchmarks.run`."""
