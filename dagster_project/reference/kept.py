"""Reference data as it was when marts were built with it, kept beside the archive by its content. Merges nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from dagster_project.durable import flush_whole, put_in_place
from dagster_project.reference.merge import NOT_IN_MARTS, Reference, ReferenceDataError, read_tables
from dagster_project.reference.tables import load_tables
from dagster_project.settings import PROJECT_ROOT, make_private


def keep(reference: Reference, folder: Path) -> str:
    """Afterwards what marts are made with lies in a folder named for its content; the name is returned.

    Recipients' addresses are no part of it.
    """
    being_written = folder / f".{os.getpid()}.writing"
    shutil.rmtree(being_written, ignore_errors=True)
    make_private(folder)
    reference.write(being_written)
    digest = hashlib.sha256()
    for path in sorted(being_written.iterdir()):
        if path.stem in NOT_IN_MARTS:
            path.unlink()
        else:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    fingerprint = digest.hexdigest()[:16]
    if (folder / fingerprint).is_dir():
        shutil.rmtree(being_written)
    else:
        flush_whole(being_written)
        put_in_place(being_written, folder / fingerprint)
    return fingerprint


def read_kept(folder: Path, fingerprint: str) -> Reference:
    """The reference data of that name; a table that the product has gained since has the product's own rows.

    Raises ReferenceDataError where it is not there or has columns that the product no longer knows.
    """
    kept = folder / fingerprint
    if not kept.is_dir():
        raise ReferenceDataError([f"the reference data {fingerprint} is not kept in {folder}"])
    declared = load_tables()
    known = {name: table for name, table in declared.items() if (kept / f"{name}.csv").is_file()}
    gained = {
        name: table for name, table in declared.items() if name not in known and name not in NOT_IN_MARTS
    }
    tables, problems = read_tables([(kept, "kept")], known)
    of_the_product, wrong = read_tables([(PROJECT_ROOT / "seeds", "seeds")], gained)
    if problems or wrong:
        raise ReferenceDataError(problems + wrong)
    return Reference(dict.fromkeys(declared, ()) | tables | of_the_product)
