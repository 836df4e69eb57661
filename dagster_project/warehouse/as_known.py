"""The marts as they were known at an earlier moment, rebuilt from the archive. Never touches the live warehouse."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.deliveries import Control, Controls, Delivery, Manifest, Publication
from dagster_project.reference import Reference, load_reference, read_kept
from dagster_project.settings import Settings
from dagster_project.warehouse.publishing import publish
from dagster_project.warehouse.scratch import build_in, scratch_of

MONTHS_NAMED = 3


class NothingKnownError(Exception):
    """Nothing was known at that moment."""


@dataclass(frozen=True)
class State:
    """What the marts are made from: deliveries as they stood, and the reference data.

    `publication` is the one whose reference data it is; None where it is today's. `gone` stood then, but its rows were
    purged since: the state cannot be built as it was, and without them only in part.
    """

    deliveries: Sequence[Delivery]
    reference: Reference
    publication: Publication | None = None
    gone: Sequence[Delivery] = ()
    controls: Sequence[Control] = ()

    @property
    def stood(self) -> list[Delivery]:
        """The deliveries that marts were made from then."""
        return [
            *(d for d in self.deliveries if d.is_in_force),
            *(replace(d, purged_at=None) for d in self.gone),
        ]

    @property
    def words_of_what_is_gone(self) -> str:
        """One sentence on the deliveries that stood then and were purged; empty where all are there."""
        if not self.gone:
            return ""
        when = sorted({str(delivery.purged_at)[:10] for delivery in self.gone})
        months = sorted({(delivery.council, f"{delivery.month:%Y-%m}") for delivery in self.gone})
        first = ", ".join(f"{council} {month}" for council, month in months[:MONTHS_NAMED])
        more = f" and {len(months) - MONTHS_NAMED} more months" if len(months) > MONTHS_NAMED else ""
        return (
            f"{len(self.gone)} deliveries that stood then were purged ({', '.join(when)}): {first}{more}. "
            "What they said is gone for good."
        )


def state_at(settings: Settings, moment: datetime, council: str | None = None) -> State:
    """What was known at a moment, of every council or of one.

    Reference data is that of the last publication at or before it, else of the first: nothing older is kept. Raises
    NothingKnownError, and ReferenceDataError where the product can no longer read what was kept.
    """
    manifest = Manifest(settings.manifest)
    purged = manifest.purged()
    known = [d for d in manifest.known_at(moment) if council in (None, d.council)]
    deliveries = [replace(d, purged_at=purged.get(d.delivery)) for d in known]
    gone = [replace(d, purged_at=purged[d.delivery]) for d in known if d.is_in_force and d.delivery in purged]
    if gone and not any(delivery.is_in_force for delivery in deliveries):
        raise NothingKnownError(State(deliveries, Reference({}), gone=gone).words_of_what_is_gone)
    if not any(delivery.is_in_force for delivery in deliveries):
        first = min((d.received_at for d in manifest.all() if not d.is_refused), default=None)
        since = (
            f"the first delivery was received at {first[:16].replace('T', ' ')} UTC"
            if first
            else "nothing came"
        )
        raise NothingKnownError(f"nothing was known at {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {since}")
    controls = list(Controls(settings.manifest).latest(moment).values())
    publications = manifest.publications()
    until = moment.astimezone(UTC).isoformat(timespec="microseconds")
    before = [p for p in publications if p.published_at <= until] or publications[:1]
    if not before:
        return State(deliveries, load_reference(settings), gone=gone, controls=controls)
    reference = read_kept(settings.kept_reference, before[-1].reference)
    return State(deliveries, reference, before[-1], gone, controls)


def build_state(
    settings: Settings, state: State, target: Path, on_node: Callable[[str], None] | None = None
) -> Path:
    """The marts of a state, in the layout of a publication, replace whatever lay in `target`.

    Made with today's code in a scratch installation over the same archive. Raises TransformationError.
    """
    with scratch_of(settings) as scratch:
        build_in(
            scratch,
            state.deliveries,
            Manifest(settings.manifest),
            state.controls,
            state.reference,
            on_node=on_node,
        )
        version = publish(scratch, "as-known")
        target.parent.mkdir(parents=True, exist_ok=True)
        replaced = target.with_name(f".{target.name}.replaced")
        shutil.rmtree(replaced, ignore_errors=True)
        if target.exists():
            os.replace(target, replaced)
        os.replace(version, target)
        shutil.rmtree(replaced, ignore_errors=True)
    return target
