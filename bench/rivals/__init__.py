"""The same marts by other means, each a program of its own that knows nothing of ours: CSV in, archive and marts out.

Each is called as `python -m bench.rivals.NAME HOME OUT` with the secret in CASELOAD_PSEUDONYM_KEY, reads HOME's landed
files and reference data, replaces identifiers by the same keys, writes an archive of Parquet under OUT/archive and each
mart of `bench.marts` under OUT/marts. They trust their input: no reasons per cell, no quarantine, no lineage.
"""
