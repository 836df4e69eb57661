"""The environment, read once and typed. The only module that looks at environment variables."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.secret_file import SecretFileError, read_secrets

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MEMORY_LIMIT = "1GB"


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which and how to set it."""


@dataclass(frozen=True)
class Smtp:
    """Where mail is handed over; `host` empty means mail stays in the outbox."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    sender: str = "caseload@localhost"
    timeout_seconds: float = 20


@dataclass(frozen=True)
class Settings:
    """Folders of one installation and its secrets. Every folder lies under `home` (CASELOAD_HOME)."""

    home: Path
    pseudonym_key_variable: str = field(default="", repr=False)
    smtp: Smtp = field(default_factory=Smtp)
    storage_key_variable: str = field(default="", repr=False)
    new_pseudonym_key_variable: str = field(default="", repr=False)
    new_storage_key_variable: str = field(default="", repr=False)
    channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Channels of alerts that are secrets in themselves, by their names in lower case."""
    site_url: str = ""
    """Where readers of mails find the manager's site, such as `https://intranet.example/caseload`; empty: nowhere."""
    docs_url: str = ""
    """Where engineers find docs/ as a site; empty: Dagster names the files."""
    logs_to_stderr: bool = False
    """Lines of the log of loads go to standard error, as a container's are kept, instead of into a file."""
    memory_limit: str = MEMORY_LIMIT
    """What DuckDB holds in memory while it builds and publishes; the rest goes to disk."""

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def council_reference(self) -> Path:
        return self.home / "reference"

    @property
    def council_sources(self) -> Path:
        """Mappings of source systems that only this installation's councils have."""
        return self.council_reference / "sources"

    @property
    def imported_reference(self) -> Path:
        """Rows that an import made; the council's own of the same key win over them."""
        return self.council_reference / "imported"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def manifest(self) -> Path:
        return self.archive / "manifest.sqlite"

    @property
    def kept_reference(self) -> Path:
        """The reference data that each publication was made with, by its content."""
        return self.archive / "reference"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse"

    @property
    def database(self) -> Path:
        return self.warehouse / "caseload.duckdb"

    @property
    def run_inputs(self) -> Path:
        """Parquet that one load hands to dbt: the manifest, the scope, the names of units and roles."""
        return self.warehouse / "run"

    @property
    def merged_reference(self) -> Path:
        """`seeds/` and the council's own rows, merged: what dbt, Python and the checks read."""
        return self.warehouse / "reference"

    @property
    def dbt_seeds(self) -> Path:
        """A copy of the merged files for dbt alone, which writes the SQL it ran over seeds outside its project."""
        return self.warehouse / "dbt" / "seeds"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def logs(self) -> Path:
        """What each load did, as lines of JSON, one file a month."""
        return self.home / "logs"

    @property
    def papers(self) -> Path:
        """Papers and packs, by council and month."""
        return self.outbox / "papers"

    @property
    def alert_ledger(self) -> Path:
        return self.outbox / "ledger.sqlite"

    @property
    def demo_key_file(self) -> Path:
        """The key `caseload demo` makes for its own data directory; readable by the owner only."""
        return self.home / ".demo-pseudonym.key"

    @property
    def lock_file(self) -> Path:
        return self.home / ".load.lock"

    @property
    def step_lock(self) -> Path:
        """Held by who is at work under the load's lock: the holder itself, or one step after the other of its run."""
        return self.home / ".load.step.lock"

    @property
    def built_by_run(self) -> Path:
        """What a run whose steps are processes of their own has built."""
        return self.warehouse / "built-by-run.json"

    @property
    def lock_holder(self) -> Path:
        """Who holds the load's lock, for who finds it held."""
        return self.home / ".load.holder"

    @property
    def delivery_lock(self) -> Path:
        return self.home / ".delivery.lock"

    @property
    def archive_readers_lock(self) -> Path:
        """Held by who reads the archive beside a load, and by who puts other files in the place of its files."""
        return self.warehouse / ".as-known.lock"

    @property
    def being_restored(self) -> Path:
        """There from the first to the last step of a restore: until it is gone the home is not whole."""
        return self.home / ".restoring"

    @property
    def seeds(self) -> Path:
        return PROJECT_ROOT / "seeds"

    @property
    def expectations(self) -> Path:
        return PROJECT_ROOT / "expectations"

    @property
    def dbt_project(self) -> Path:
        return PROJECT_ROOT / "dbt"

    def pseudonym_key(self) -> bytes:
        """The secret under which identifiers are hashed: CASELOAD_PSEUDONYM_KEY, else the demo's own file.

        Raises SettingsError where there is neither: identifiers are never archived unhashed.
        """
        if self.pseudonym_key_variable:
            return self.pseudonym_key_variable.encode("utf-8")
        if self.demo_key_file.is_file():
            return self.demo_key_file.read_text(encoding="utf-8").strip().encode("utf-8")
        raise SettingsError(
            "CASELOAD_PSEUDONYM_KEY is not set: identifiers of children and workers are replaced by a keyed hash "
            "on arrival and nothing can be loaded without the key. Set it to a long random secret that is kept "
            "outside this repository, and keep it: another key would make every known child a stranger."
        )

    @property
    def has_storage_key(self) -> bool:
        """Whether a key for data at rest was given: then the warehouse file is encrypted as well."""
        return bool(self.storage_key_variable)

    def storage_key(self) -> bytes:
        """Seals the crosswalk and the originals: CASELOAD_STORAGE_KEY, else the pseudonym key.

        Raises SettingsError where there is neither.
        """
        if self.storage_key_variable:
            return self.storage_key_variable.encode("utf-8")
        return self.pseudonym_key()

    def new_pseudonym_key(self) -> bytes:
        """The secret that `caseload rotate-key` changes to.

        Raises SettingsError where it was not given.
        """
        if not self.new_pseudonym_key_variable:
            raise SettingsError(
                "CASELOAD_NEW_PSEUDONYM_KEY is not set: give the secret that keys are to be made with from now on."
            )
        return self.new_pseudonym_key_variable.encode("utf-8")

    def new_storage_key(self) -> bytes:
        """What the crosswalk and the originals are sealed with after a change of key."""
        given = self.new_storage_key_variable or self.storage_key_variable
        return given.encode("utf-8") if given else self.new_pseudonym_key()


def make_home(settings: Settings) -> None:
    """The home is there; one made here lets anybody through to the public tier, whatever the umask, and lists nothing.

    One that lies there keeps the modes its administrator gave it.
    """
    missing = [folder for folder in (settings.home, *settings.home.parents) if not folder.exists()]
    settings.home.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        folder.chmod(0o751)


def make_private(folder: Path) -> Path:
    """The folder, made if need be, that only its owner may enter: it holds keys of children and workers."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def close_to_others(folder: Path) -> None:
    """Nothing in `folder`, nor itself, is for others than its owner; archived rows stay 0440. No link is followed."""
    for path in [folder, *folder.rglob("*")] if folder.is_dir() else []:
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.lstat().st_mode)
            if not path.is_symlink() and mode & 0o037:
                path.chmod(mode & 0o700)


CHANNEL = "CASELOAD_CHANNEL_"


def load_settings() -> Settings:
    """Read the environment, and what it leaves out from the file of secrets it names.

    Raises SettingsError for a value that cannot be used.
    """
    given = {**_secrets_of_file(), **{name: value for name, value in os.environ.items() if value}}
    home = Path(os.environ.get("CASELOAD_HOME") or "data").expanduser().resolve()
    port = given.get("CASELOAD_SMTP_PORT") or "25"
    if not port.isdigit():
        raise SettingsError(f"CASELOAD_SMTP_PORT is {port!r}: a port number is wanted, such as 587")
    timeout = given.get("CASELOAD_SMTP_TIMEOUT") or "20"
    if not timeout.isdigit() or timeout == "0":
        raise SettingsError(f"CASELOAD_SMTP_TIMEOUT is {timeout!r}: whole seconds are wanted, such as 20")
    site_url = given.get("CASELOAD_SITE_URL", "").strip()
    if site_url and not re.fullmatch(r"(https?://[^\s/@]+|file://)(/[^\s?#]*)?", site_url):
        raise SettingsError(
            "CASELOAD_SITE_URL is not an address that a mail can link to: it begins with https://, http:// or file://, "
            "names no user, and holds no blank, ? or #, such as https://intranet.example/caseload"
        )
    docs_url = given.get("CASELOAD_DOCS_URL", "").strip()
    if docs_url and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", docs_url):
        raise SettingsError(
            "CASELOAD_DOCS_URL is not an address that a page can link to: it begins with https:// or http://, names no "
            "user, and holds no blank, ? or #, such as https://intranet.example/caseload-docs"
        )
    log = given.get("CASELOAD_LOG", "file").strip()
    if log not in ("file", "stderr"):
        raise SettingsError(f"CASELOAD_LOG is {log!r}: it is file or stderr")
    memory = given.get("CASELOAD_MEMORY_LIMIT", MEMORY_LIMIT).strip()
    if not re.fullmatch(r"[1-9][0-9]*[MG]i?B", memory):
        raise SettingsError(
            f"CASELOAD_MEMORY_LIMIT is {memory!r}: a whole number of MB or GB is wanted, such as 2GB"
        )
    return Settings(
        home=home,
        memory_limit=memory,
        logs_to_stderr=log == "stderr",
        pseudonym_key_variable=given.get("CASELOAD_PSEUDONYM_KEY", ""),
        storage_key_variable=given.get("CASELOAD_STORAGE_KEY", ""),
        new_pseudonym_key_variable=given.get("CASELOAD_NEW_PSEUDONYM_KEY", ""),
        new_storage_key_variable=given.get("CASELOAD_NEW_STORAGE_KEY", ""),
        channels={
            name.removeprefix(CHANNEL).lower(): value.strip()
            for name, value in given.items()
            if name.startswith(CHANNEL) and name != CHANNEL
        },
        site_url=site_url,
        docs_url=docs_url,
        smtp=Smtp(
            host=given.get("CASELOAD_SMTP_HOST", ""),
            port=int(port),
            user=given.get("CASELOAD_SMTP_USER", ""),
            password=given.get("CASELOAD_SMTP_PASSWORD", ""),
            starttls=given.get("CASELOAD_SMTP_STARTTLS", "").lower() in {"1", "true", "yes"},
            sender=given.get("CASELOAD_SMTP_FROM") or "caseload@localhost",
            timeout_seconds=float(timeout),
        ),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """What a program started for this installation is told."""
    return {**os.environ, "CASELOAD_HOME": str(settings.home)}


def environment_without_secrets() -> dict[str, str]:
    """What a program is told that may show its environment to whoever uses it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CASELOAD_")}


def _secrets_of_file() -> dict[str, str]:
    named = os.environ.get("CASELOAD_SECRETS_FILE")
    if not named:
        return {}
    try:
        return read_secrets(Path(named).expanduser(), PROJECT_ROOT)
    except SecretFileError as error:
        raise SettingsError(f"CASELOAD_SECRETS_FILE: {error}") from None
