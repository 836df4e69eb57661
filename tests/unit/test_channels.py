"""What a channel cell means, what a secret file may be, and that neither is ever repeated."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from alert_seam import Receiver, ask_ledger, load, receiving

from dagster_project.alerts.channels import read_channel, without_secrets
from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings, SettingsError, Smtp, load_settings

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
TEAMS = "workflows://prod-01.westeurope.example:443/643e69f83c8944/KODuebWbDGYFr0z0eu/"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("mailto:Head@Example.ORG", "mail"),
        (SLACK, "slack"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack"),
        (TEAMS, "teams"),
        ("json://127.0.0.1:8080/hook", "json"),
        ("jsons://user:pass@example.org/hook", "json"),
        ("duty desk", "teams"),
        ("Duty_Desk", "teams"),
        ("DUTY-DESK", "teams"),
    ],
)
def test_a_channel_is_an_address_a_url_or_the_name_of_a_secret(cell: str, kind: str) -> None:
    channel, problem = read_channel(cell, {"duty_desk": TEAMS})

    assert problem == ""
    assert channel is not None and channel.kind == kind
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "KODuebWbDGYFr0z0eu", "hook", "pass"):
        assert secret not in repr(channel)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("duty", "CASELOAD_CHANNEL_"),
        ("msteams://TOKENSECRET/a/b/c", "workflows://"),
        ("tgram://TOKENSECRET/1", "tgram: are not supported"),
        ("slack://TOKENSECRET", "Apprise cannot read its channel of the kind slack:"),
        ("https://TOKENSECRET.example.org/hook", "https: are not supported"),
        ("mailto://user:TOKENSECRET@example.org", "mailto:name@domain"),
    ],
)
def test_a_channel_that_cannot_be_used_is_told_by_its_kind_only(cell: str, words: str) -> None:
    channel, problem = read_channel(cell, {})

    assert channel is None
    assert words in problem
    assert "TOKENSECRET" not in problem


def test_every_part_of_a_url_that_could_be_a_secret_is_taken_out_of_what_is_said() -> None:
    url = "jsons://user:pass-word@host.example.org:8443/path-secret/more?token=abcdefgh"
    said = "Failed at https://host.example.org:8443/path-secret/more token abcdefgh user pass-word"

    for secret in ("host.example.org", "path-secret", "abcdefgh", "pass-word"):
        assert secret not in without_secrets(said, url)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The real plugin, its one fixed host turned to the loopback."""
    from apprise.plugins.slack import NotifySlack

    def turn(port: int) -> None:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{port}/services")

    return turn


def test_slack_gets_subject_text_and_message_id_and_its_answer_is_kept(tmp_path: Path, slack: Any) -> None:
    receiver = Receiver()
    with receiving(receiver) as port:
        slack(port)
        announcement = load(tmp_path, Smtp(), to=("duty",), channels={"duty": SLACK})

    ((path, body),) = receiver.received
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    text = str(body)
    (digest,) = announcement.digests
    assert "Northshire" in text and "Ashfield DCPT" in text
    assert digest.message_id.strip("<>") in text
    assert (digest.address, digest.via, digest.delivered, digest.reply) == (
        "slack duty",
        "webhook",
        True,
        "HTTP 200",
    )
    assert digest.path.is_file()


def test_a_service_that_answers_with_an_error_is_not_taken_for_delivered(tmp_path: Path, slack: Any) -> None:
    with receiving(Receiver(404, answer=b"no_team")) as port:
        slack(port)
        announcement = load(tmp_path, Smtp(), to=("duty",), channels={"duty": SLACK + "?retry=0"})

    (digest,) = announcement.digests
    assert not digest.delivered
    assert digest.reply.startswith("HTTP 404")


def test_teams_gets_an_adaptive_card_by_workflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    receiver = Receiver(202)
    post = requests.post

    def to_the_loopback(url: str, **options: Any) -> Any:
        # The plugin speaks https only; what it sends is looked at, not its encryption.
        assert url.startswith("https://127.0.0.1:")
        return post(url.replace("https://", "http://", 1), **options)

    monkeypatch.setattr(requests, "post", to_the_loopback)
    with receiving(receiver) as port:
        url = f"workflows://127.0.0.1:{port}/643e69f83c8944/KODuebWbDGYFr0z0eu/"
        announcement = load(tmp_path, Smtp(), to=("desk",), channels={"desk": url})

    (digest,) = announcement.digests
    ((path, body),) = receiver.received
    assert (digest.delivered, digest.reply) == (True, "HTTP 202")
    assert "643e69f83c8944" in path
    assert "AdaptiveCard" in str(body) and digest.message_id.strip("<>") in str(body)


def test_one_service_that_fails_leaves_the_others_their_message(tmp_path: Path) -> None:
    good = Receiver()
    with receiving(good) as port, receiving(Receiver(500)) as broken:
        to = (f"json://127.0.0.1:{broken}/a?retry=0", f"json://127.0.0.1:{port}/b")
        announcement = load(tmp_path, Smtp(), to=to)

    assert sorted((d.delivered, d.reply[:8]) for d in announcement.digests) == [
        (False, "HTTP 500"),
        (True, "HTTP 200"),
    ]
    assert len(good.received) == 1


def test_no_secret_of_a_channel_is_written_or_logged_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("Zq-path-secret", "Zq-user-secret", "Zq-password-secret")
    with receiving(Receiver(403)) as port:
        url = f"json://{secrets[1]}:{secrets[2]}@127.0.0.1:{port}/{secrets[0]}?retry=0"
        announcement = load(tmp_path, Smtp(), to=("desk", url), channels={"desk": url})

    written = "".join(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file())
    told = f"{announcement} {ask_ledger(tmp_path, 'select * from digests')} {caplog.text} {written}"
    assert len(announcement.digests) == 2
    for secret in secrets:
        assert secret not in told


def test_copies_of_the_reference_data_hold_no_url_of_a_channel(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.council_reference.mkdir()
    (settings.council_reference / "alert_recipients.csv").write_text(
        f"council,unit,severity,channel,role\n,,fault,{SLACK},duty\n,,info,mailto:head@example.org,head\n"
    )
    load_reference(settings).write(tmp_path / "copy")

    copy = (tmp_path / "copy" / "alert_recipients.csv").read_text()
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in copy
    assert "slack://" in copy and "mailto:head@example.org" in copy


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.env"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_channels_and_passwords_come_from_the_file_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret_file(
        tmp_path,
        f"# of the duty desk\nCASELOAD_CHANNEL_DUTY_DESK={TEAMS}\nexport CASELOAD_SMTP_PASSWORD='p w'\n"
        "CASELOAD_CHANNEL_OTHER=mailto:a@example.org\n",
    )
    monkeypatch.setenv("CASELOAD_SECRETS_FILE", str(path))
    monkeypatch.setenv("CASELOAD_CHANNEL_OTHER", "mailto:b@example.org")
    settings = load_settings()

    assert settings.channels == {"duty_desk": TEAMS, "other": "mailto:b@example.org"}
    assert settings.smtp.password == "p w"  # noqa: S105
    assert TEAMS not in repr(settings) and "p w" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("CASELOAD_CHANNEL_A=x\n", 0o644, "can be read by others (mode 0644): `chmod 600"),
        ("CASELOAD_CHANNEL_A=x\n", 0o640, "can be read by others"),
        ("CASELOAD_CHANNEL_A=x\nslack://TOKENSECRET\n", 0o600, "line 2: NAME=value is wanted"),
    ],
)
def test_a_file_of_secrets_that_cannot_be_used_says_why_and_quotes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mode: int, words: str
) -> None:
    monkeypatch.setenv("CASELOAD_SECRETS_FILE", str(secret_file(tmp_path, text, mode)))

    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert words in str(refused.value)
    assert "TOKENSECRET" not in str(refused.value)


def test_a_file_of_secrets_is_neither_missing_nor_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOAD_SECRETS_FILE", "/nowhere/secrets.env")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings()
    monkeypatch.setenv("CASELOAD_SECRETS_FILE", str(PROJECT_ROOT / "secrets.env"))
    with pytest.raises(SettingsError, match="lies in the repository"):
        load_settings()
