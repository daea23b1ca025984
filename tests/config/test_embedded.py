"""The embedded servers' folder: secrets, ports, and data that cannot be served."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from random import Random

import pytest

from apps.config.embedded import SetupError, environment, postgres, state
from apps.config.embedded.os_user import database_user


def silent(text: str) -> None:
    """Takes what the supervisor would print."""


def server(folder: Path) -> postgres.Postgres:
    return postgres.Postgres(data_dir=folder, port=20_999, user=database_user(), throwaway=True)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A data folder with secrets and ports, and no database yet."""
    state.ensure_secrets(tmp_path, database_exists=False)
    state.keep_or_choose_ports(tmp_path, rng=Random(7))
    return tmp_path


def test_a_folder_never_started_provides_no_settings(tmp_path: Path) -> None:
    assert environment(tmp_path / "var") == {}


def test_settings_name_the_kept_ports_and_passwords(prepared: Path) -> None:
    settings = environment(prepared)

    kept = state.read_state(prepared)
    password = (prepared / "postgres_password").read_text().strip()
    assert (
        settings["DATABASE_URL"]
        == f"postgres://whetstone:{password}@127.0.0.1:{kept['postgres_port']}/whetstone"
    )
    assert settings["BROKER_URL"].endswith(f"@127.0.0.1:{kept['broker_port']}/0")
    assert settings["WHETSTONE_DEMO"] == "0"
    assert len(settings["SECRET_KEY"]) >= 50


def test_secrets_are_for_the_owner_only_and_stay_the_same(prepared: Path) -> None:
    before = environment(prepared)

    state.ensure_secrets(prepared, database_exists=True)

    assert environment(prepared) == before
    for name in (*state.SECRETS, "state.json"):
        assert stat.S_IMODE((prepared / name).stat().st_mode) == 0o600


def test_a_lost_password_of_an_existing_database_is_said(prepared: Path) -> None:
    (prepared / "postgres_password").unlink()

    with pytest.raises(SetupError, match=r"postgres_password is missing.*\n.*backup"):
        state.ensure_secrets(prepared, database_exists=True)


def test_an_unreadable_state_file_is_said(prepared: Path) -> None:
    (prepared / "state.json").write_text('{"postgres_port": ')

    with pytest.raises(SetupError, match=r"state\.json is not readable as JSON"):
        environment(prepared)


def test_a_port_taken_meanwhile_is_replaced_and_the_other_kept(prepared: Path) -> None:
    before = state.read_state(prepared)
    with socket.create_server(("127.0.0.1", before["postgres_port"])):
        after = state.keep_or_choose_ports(prepared, rng=Random(8))

    assert after["postgres_port"] != before["postgres_port"]
    assert after["broker_port"] == before["broker_port"]
    assert state.read_state(prepared)["postgres_port"] == after["postgres_port"]


def test_an_interrupted_first_start_is_repaired(prepared: Path) -> None:
    (prepared / "postgres.new" / "base").mkdir(parents=True)
    (prepared / "postgres").mkdir()

    postgres.prepare(server(prepared), say=silent)

    assert (prepared / "postgres" / "PG_VERSION").read_text().strip() == postgres.MAJOR
    assert not (prepared / "postgres.new").exists()
    assert not (prepared / "postgres.password").exists()


def test_a_half_there_database_with_files_is_refused_and_left_alone(prepared: Path) -> None:
    precious = prepared / "postgres" / "base" / "1" / "2619"
    precious.parent.mkdir(parents=True)
    precious.write_text("rows")

    with pytest.raises(SetupError, match=r"only half there: PG_VERSION, global/pg_control missing.*\n.*mv "):
        postgres.prepare(server(prepared), say=silent)

    assert precious.read_text() == "rows"


def test_a_database_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("15\n")

    with pytest.raises(SetupError, match="written by PostgreSQL 15"):
        postgres.check_major(tmp_path)


def test_a_stale_lock_whose_pid_belongs_to_another_program_is_removed(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{tmp_path}\n")

    postgres.check_lock(tmp_path)

    assert not lock.exists()


def test_a_password_never_stands_in_a_command_line(prepared: Path) -> None:
    from apps.config.supervisor.parts import prepare_servers

    servers = prepare_servers(prepared, throwaway=True, rng=Random(9), say=silent)

    words = " ".join(word for spec in servers.specs() for word in [*spec.command, *spec.env.values()])
    for name in state.SECRETS:
        assert (prepared / name).read_text().strip() not in words
