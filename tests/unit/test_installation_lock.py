"""Who holds the installation is a record beside the lock; what becomes of the record decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.installation_lock import holder_now, holding
from dagster_project.settings import Settings


def test_a_record_of_the_holder_that_cannot_be_taken_away_hides_no_failure_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path)

    def fail_over_a_record_that_stays() -> None:
        with holding(settings, "a load"):
            settings.lock_holder.unlink()
            settings.lock_holder.mkdir()
            raise ValueError("what the work met")

    with pytest.raises(ValueError, match="what the work met"):
        fail_over_a_record_that_stays()
    settings.lock_holder.rmdir()
    with holding(settings, "another load"):
        assert (holder := holder_now(settings)) and holder.what == "another load"
